// The guide's card. It works in the browser alone, which remembers whether its user has seen the guide of this page.

const OUTLINE = "3px solid light-dark(#0072B2, #4FB0E8)"

const HEADER = 70 // pixels at the top that Streamlit's header covers
const GAP = 20
const CORNERS = ["bottom right", "bottom left", "top right", "top left"]
const ACTS = ["wheel", "touchmove", "pointerdown", "keydown"]
const LISTENING = { capture: true, passive: true }

const overlap = (one, other) =>
  Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left)) *
  Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top))

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
    window.addEventListener("resize", this.resized = () => this.standAside())
    // Parts of the page arrive late and move or enlarge the target. The guide scrolls to it until the user does something.
    this.observer = new ResizeObserver(() => this.follow())
    this.acted = () => { this.follows = false }
    for (const acts of ACTS) window.addEventListener(acts, this.acted, LISTENING)
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
    if (this.target) this.target.style.outline = this.target.style.scrollMargin = ""
    this.target = target
    this.observer.disconnect()
    if (!target) return
    this.follows = move
    if (move) {
      target.style.outline = OUTLINE
      // Leave space for the card below the target.
      target.style.scrollMargin = `${HEADER}px 0 ${this.card.offsetHeight + 2 * GAP}px`
    }
    this.follow()
    for (const changes of [target, document.querySelector('[data-testid="stMainBlockContainer"]')]) this.observer.observe(changes)
  }

  follow() {
    if (this.follows) this.target.scrollIntoView({ block: "nearest" })
    this.standAside()
  }

  // Move the card to the corner of the window in which it covers least of its target.
  standAside() {
    if (!this.target || this.card.hidden) return
    const covered = CORNERS.map((corner) => {
      this.card.dataset.corner = corner
      return overlap(this.card.getBoundingClientRect(), this.target.getBoundingClientRect())
    })
    this.card.dataset.corner = CORNERS[covered.indexOf(Math.min(...covered))]
  }

  close() {
    this.point(null)
    this.card.hidden = true
    memory.keep(this.page)
    this.ask.focus({ preventScroll: true })
  }

  leave() {
    window.removeEventListener("resize", this.resized)
    for (const acts of ACTS) window.removeEventListener(acts, this.acted, LISTENING)
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
