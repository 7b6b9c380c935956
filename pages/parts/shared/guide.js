// The guide's card. It works in the browser alone, which remembers whether its user has seen the guide of this page.

const OUTLINE = "3px solid light-dark(#0072B2, #4FB0E8)"

const memory = {
  // A browser without storage shows the guide again. That is better than an error.
  seen: (page) => { try { return localStorage.getItem(`hw5 guide ${page}`) !== null } catch { return false } },
  keep: (page) => { try { localStorage.setItem(`hw5 guide ${page}`, "seen") } catch { /* no storage */ } },
}

class Guide {
  constructor(root) {
    this.root = root
    this.card = root.querySelector(".card")
    this.ask = root.querySelector(".ask")
    this.ask.onclick = () => { this.at(0); this.next.focus() }
    this.next = root.querySelector(".next")
    this.next.onclick = () => (this.place + 1 < this.steps.length ? this.at(this.place + 1) : this.close())
    root.querySelector(".close").onclick = () => this.close()
    this.card.onkeydown = (event) => { if (event.key === "Escape") this.close() }
  }

  show({ page, steps }) {
    this.steps = steps
    if (page === this.page) return
    this.page = page
    if (!memory.seen(page)) this.at(0, false)
  }

  at(place, move = true) {
    this.place = place
    this.card.hidden = false
    this.root.querySelector(".place").textContent = `${place + 1} of ${this.steps.length}`
    this.root.querySelector(".text").textContent = this.steps[place].text
    this.next.textContent = place + 1 < this.steps.length ? "Next" : "Done"
    this.point(document.querySelector(this.steps[place].target), move)
    if (place) memory.keep(this.page)
  }

  point(target, move) {
    if (this.target) this.target.style.outline = ""
    this.target = target
    if (!target || !move) return
    target.style.outline = OUTLINE
    const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches
    target.scrollIntoView({ block: "center", behavior: smooth ? "smooth" : "auto" })
  }

  close() {
    this.point(null)
    this.card.hidden = true
    memory.keep(this.page)
    this.ask.focus({ preventScroll: true })
  }

  leave() {
    this.point(null)
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement
  root.guide ??= new Guide(root)
  root.guide.show(data)
  return () => {
    root.guide?.leave()
    root.guide = null
  }
}
