// A confusion matrix as a table. Each cell with images is a button that reports its number, row by row.
// The arrow keys move between the cells, so that the table is one stop of the Tab key.

const IMAGES_BELOW = 170 // the height of the first images below the matrix, in pixels

const make = (tag, attributes, parent) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  parent.append(element)
  return element
}

class Confusion {
  constructor(root) {
    this.root = root
    root.onkeydown = (event) => this.pressed(event)
    root.onclick = ({ target }) => target.dataset.cell && this.clicked(Number(target.dataset.cell))
  }

  show({ data, setTriggerValue }) {
    this.send = (cell) => setTriggerValue("cell", cell)
    this.data = data
    if (this.classes !== data.rows.length) this.build()
    data.rows.forEach((row, label) => row.forEach((count, predicted) => this.fill(label, predicted, count)))
    this.shares.forEach((share, label) => {
      share.textContent = data.shares[label]
      const total = data.rows[label].reduce((sum, count) => sum + count, 0)
      share.title = `${data.rows[label][label]} of ${total} are right: ${data.shares[label]} %`
    })
    this.table.style.setProperty("--colour", data.colour)
    this.caption.textContent = `Confusion matrix of ${data.network}. Each row is a true class, each column a predicted one.`
    const stop = this.cells.find((cell) => cell.tabIndex === 0 && !cell.disabled)
    if (!stop) this.focusable(this.cells[Math.max(0, data.chosen)])
    if (this.awaited === data.chosen) this.revealImages()
  }

  clicked(cell) {
    this.awaited = cell
    if (cell === this.data.chosen) this.revealImages()
    else this.send(cell)
  }

  // Whoever clicks a cell sees its images, also on a small screen: they are below the matrix.
  revealImages() {
    this.awaited = undefined
    const hidden = this.root.getBoundingClientRect().bottom + IMAGES_BELOW - innerHeight
    if (hidden > 0) document.querySelector('[data-testid="stMain"]').scrollBy(0, hidden)
  }

  build() {
    const { rows, names } = this.data
    this.classes = rows.length
    this.root.replaceChildren()
    this.table = make("table", {}, this.root)
    this.caption = make("caption", {}, this.table)
    const head = make("tr", {}, make("thead", {}, this.table))
    make("th", { scope: "col" }, head).textContent = "true ↓\npred. →"
    rows.forEach((_, label) => this.heading(head, "col", label))
    make("th", { scope: "col" }, head).textContent = "right, %"
    const body = make("tbody", {}, this.table)
    this.cells = []
    this.shares = []
    rows.forEach((_, label) => {
      const line = make("tr", {}, body)
      this.heading(line, "row", label)
      rows.forEach(() => this.cells.push(make("button", { tabindex: -1 }, make("td", {}, line))))
      this.shares.push(make("td", { class: "share" }, line))
    })
    this.root.classList.toggle("named", names.length > 0)
  }

  heading(line, scope, label) {
    const heading = make("th", { scope, title: this.name(label) }, line)
    heading.textContent = label
    if (scope === "row" && this.data.names.length) make("small", {}, heading).textContent = ` ${this.data.names[label]}`
  }

  name(label) {
    return this.data.names.length ? `${label} (${this.data.names[label]})` : String(label)
  }

  fill(label, predicted, count) {
    const number = label * this.classes + predicted
    const cell = this.cells[number]
    const total = this.data.rows[label].reduce((sum, one) => sum + one, 0)
    const share = total ? count / total : 0
    cell.textContent = count || "·"
    cell.disabled = !count
    cell.dataset.cell = count ? number : ""
    cell.classList.toggle("right", label === predicted)
    // The root of the share: one mistake among a thousand images can still be seen.
    cell.style.setProperty("--strength", count ? `${Math.round(10 + 52 * Math.sqrt(share))}%` : "0%")
    const what = label === predicted ? `${this.name(label)}, recognised` : `${this.name(label)} taken for ${this.name(predicted)}`
    cell.title = `${what}: ${count} image${count === 1 ? "" : "s"}, ${(100 * share).toFixed(2)} % of this class`
    cell.setAttribute("aria-label", cell.title)
    cell.setAttribute("aria-pressed", String(number === this.data.chosen))
  }

  // Keys

  pressed(event) {
    const from = this.cells.indexOf(event.target)
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.classes, ArrowDown: this.classes }[event.key]
    if (from < 0 || !step) return
    event.preventDefault()
    const across = Math.abs(step) === 1
    let to = from + step
    const stays = () => to >= 0 && to < this.cells.length && !(across && Math.floor(to / this.classes) !== Math.floor(from / this.classes))
    while (stays() && this.cells[to].disabled) to += step
    if (stays()) this.focusable(this.cells[to]).focus()
  }

  focusable(cell) {
    const reachable = cell.disabled ? this.cells.find((one) => !one.disabled) : cell
    this.cells.forEach((one) => (one.tabIndex = one === reachable ? 0 : -1))
    return reachable
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".confusion")
  root.confusion ??= new Confusion(root)
  root.confusion.show(component)
}
