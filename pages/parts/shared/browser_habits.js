// What every page changes about the browser's own behaviour. The listeners belong to the window, so one set is enough.
// HTML from the server has no scripts, so its buttons are here too.

const MOVED = 6 // pixels after which a finger drags or swipes and no longer taps
const COPIED_MS = 2000

// Streamlit adds an entry to the history for each change of the query. "Back" should leave the page, not undo an edit.
const replaceEntriesOfOnePage = () => {
  const push = history.pushState
  history.pushState = function (state, unused, url) {
    const samePage = new URL(url ?? location.href, location.href).pathname === location.pathname
    return (samePage ? history.replaceState : push).call(history, state, unused, url)
  }
}

// A slider jumps to the finger that touches it, also if the finger only wants to scroll. So a touch changes a slider only
// once it has moved sideways or has ended. If the browser scrolls instead, the slider gets its old value back.
const ignoreSwipesOverSliders = () => {
  let touch = null
  const sliderOf = (event) => {
    const [element] = event.composedPath()
    return element instanceof HTMLInputElement && element.type === "range" ? element : null
  }
  const accept = () => {
    const { slider, before } = touch
    touch = null
    if (slider.value !== before) slider.dispatchEvent(new Event("input", { bubbles: true, composed: true }))
  }
  const listeners = {
    pointerdown: (event) => {
      const slider = event.pointerType === "touch" ? sliderOf(event) : null
      touch = slider && { slider, before: slider.value, x: event.clientX, y: event.clientY }
    },
    pointermove: (event) => {
      if (!touch) return
      const [across, along] = [Math.abs(event.clientX - touch.x), Math.abs(event.clientY - touch.y)]
      if (across > MOVED && across > along) accept()
    },
    pointerup: () => { if (touch) accept() },
    pointercancel: () => {
      if (touch) touch.slider.value = touch.before
      touch = null
    },
    input: (event) => { if (touch && sliderOf(event) === touch.slider) event.stopImmediatePropagation() },
  }
  for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener, { capture: true })
}

// Copies the text of plain_code.py. This command also works on pages without TLS, where the clipboard's newer one does not.
const copyPlainCode = ({ target }) => {
  const button = target instanceof Element && target.closest(".hw5-plain-code button")
  if (!button) return
  getSelection().selectAllChildren(button.parentElement.querySelector("code"))
  document.execCommand("copy")
  button.textContent = "Copied"
  setTimeout(() => { button.textContent = "Copy" }, COPIED_MS)
}

export default function () {
  const { dataset } = document.documentElement
  if (dataset.hw5Habits) return
  dataset.hw5Habits = "changed"
  replaceEntriesOfOnePage()
  ignoreSwipesOverSliders()
  window.addEventListener("click", copyPlainCode)
}
