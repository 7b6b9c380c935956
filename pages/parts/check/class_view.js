// The bars of the class are HTML that the server replaces whenever somebody hands in. This script reports the clicks on
// them, keeps the focus on the bar that had it, and shows the answers of a clicked bar on a screen where they are below.

class Bars {
  constructor(root) {
    this.root = root
    root.addEventListener("click", ({ target }) => this.clicked(target.closest("[data-code]")))
    root.addEventListener("focusin", ({ target }) => (this.focused = target.dataset.code))
    root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !root.contains(relatedTarget)) this.focused = undefined
    })
    document.addEventListener("pointerdown", ({ target }) => {
      if (!root.contains(target)) this.focused = undefined
    })
    new MutationObserver(() => this.keepFocus()).observe(root, { childList: true, subtree: true })
  }

  clicked(bar) {
    if (!bar) return
    this.reveals = bar.dataset.code
    this.send(bar.dataset.code)
  }

  keepFocus() {
    if (!this.focused || document.activeElement !== document.body) return
    this.root.querySelector(`[data-code="${CSS.escape(this.focused)}"]`)?.focus({ preventScroll: true })
  }

  show(chosen) {
    if (!chosen || this.reveals !== chosen) return
    this.reveals = undefined
    this.root.querySelector(".st-key-class-answers")?.scrollIntoView({ block: "nearest" })
  }
}

export default function ({ data, setTriggerValue }) {
  const root = document.querySelector(".st-key-class-mistakes")
  if (!root) return
  root.bars ??= new Bars(root)
  root.bars.send = (code) => setTriggerValue("code", code)
  root.bars.show(data.chosen)
}
