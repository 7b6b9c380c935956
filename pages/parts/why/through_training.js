// Small charts over the same batches with one cursor: pointing at one shows that batch in all of them and in the table.

const SVG = "http://www.w3.org/2000/svg"
const HEIGHT = 128
const LEFT = 46
const RIGHT = 8
const TOP = 6
const BOTTOM = 20

const svg = (name, attributes, parent) => {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  parent.append(element)
  return element
}

const html = (name, text, parent, className = "") => {
  const element = document.createElement(name)
  element.textContent = text
  if (className) element.className = className
  parent.append(element)
  return element
}

const batches = (number) => Math.round(number).toLocaleString("en-US")

const exact = (value, scale) => {
  if (value === null || value === undefined) return "–"
  if (scale === "share") return `${Number((100 * value).toPrecision(5))} %`
  return String(Number(value.toPrecision(5)))
}

const short = (value, scale) => {
  if (scale === "share") return `${Math.round(100 * value)} %`
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return value.toExponential(0)
  return String(Number(value.toPrecision(3)))
}

// The ends of a panel's scale, and where it has lines.
function scaleOf(panel) {
  const values = panel.values.flat().filter((value) => value !== null)
  if (panel.scale === "share") return { low: 0, high: 1, ticks: [0, 0.5, 1], place: (value) => value }
  if (panel.scale === "log") {
    const powers = values.filter((value) => value > 0).map(Math.log10)
    const low = Math.floor(Math.min(...powers))
    const high = Math.max(low + 1, Math.ceil(Math.max(...powers)))
    const every = Math.ceil((high - low) / 4)
    const ticks = []
    for (let power = low; power <= high; power += every) ticks.push(10 ** power)
    return { low, high, ticks, place: (value) => (value > 0 ? Math.log10(value) : NaN) }
  }
  if (panel.line !== null) values.push(panel.line)
  let low = Math.min(...values)
  let high = Math.max(...values)
  if (low === high) [low, high] = [low - 0.5, high + 0.5]
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough)
  const ticks = []
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(tick)
  return { low, high, ticks, place: (value) => value }
}

class Panels {
  constructor(root) {
    this.root = root
    root.innerHTML = `<div class="reading"><label><span></span><input type="range" min="0"></label>
      <div class="values"></div></div><div class="panels"></div>`
    this.input = root.querySelector("input")
    this.title = root.querySelector("label span")
    this.values = root.querySelector(".values")
    this.panels = root.querySelector(".panels")
    this.input.oninput = () => this.point(this.steps[Number(this.input.value)])
    new ResizeObserver(() => this.draw()).observe(this.panels)
  }

  show(data) {
    this.data = data
    this.steps = [...new Set(data.networks.flatMap((network) => network.steps))].sort((one, other) => one - other)
    this.input.max = this.steps.length - 1
    this.width = 0
    this.draw()
    this.point(this.nearest(this.step ?? this.steps[this.steps.length - 1]))
  }

  nearest(step) {
    let low = 0
    let high = this.steps.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.steps[middle] < step) low = middle + 1
      else high = middle
    }
    const before = this.steps[Math.max(0, low - 1)]
    return step - before < this.steps[low] - step ? before : this.steps[low]
  }

  draw() {
    const shown = this.data?.panels.filter((panel) => panel.drawn) ?? []
    const columns = Math.max(1, Math.min(4, Math.floor(this.panels.clientWidth / 300)))
    const width = Math.floor(this.panels.clientWidth / columns) - (columns > 1 ? 12 : 0)
    if (!shown.length || width < 60 || width === this.width) return
    this.width = width
    this.panels.style.setProperty("--columns", columns)
    this.panels.replaceChildren()
    const { from, to, networks } = this.data
    this.x = (step) => LEFT + ((step - from) / Math.max(1, to - from)) * (width - LEFT - RIGHT)
    this.drawn = shown.map((panel) => this.drawPanel(panel, networks, width))
    if (this.step !== undefined) this.point(this.step)
  }

  drawPanel(panel, networks, width) {
    const figure = document.createElement("figure")
    html("figcaption", panel.title, figure)
    const picture = svg("svg", { width, height: HEIGHT, role: "img", "aria-label": panel.title }, figure)
    const { low, high, ticks, place } = scaleOf(panel)
    const y = (value) => HEIGHT - BOTTOM - ((place(value) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM)
    for (const tick of ticks) {
      svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick), class: "grid" }, picture)
      svg("text", { x: LEFT - 5, y: y(tick) + 4, "text-anchor": "end" }, picture).textContent = short(tick, panel.scale)
    }
    const { from, to } = this.data
    for (const [step, anchor] of [[from, "start"], [(from + to) / 2, "middle"], [to, "end"]]) {
      svg("text", { x: this.x(step), y: HEIGHT - 5, "text-anchor": anchor }, picture).textContent = batches(step)
    }
    if (panel.line !== null) {
      svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(panel.line), y2: y(panel.line), class: "good" }, picture)
    }
    networks.forEach((network, number) => {
      if (network.left !== null && network.left <= to) {
        const x = this.x(network.left)
        svg("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM, class: "left", stroke: network.colour }, picture)
      }
      this.drawLine(picture, network, panel.values[number], y)
    })
    const cursor = svg("line", { y1: TOP, y2: HEIGHT - BOTTOM, class: "cursor", visibility: "hidden" }, picture)
    const dots = networks.map(({ colour }) => svg("circle", { r: 4, fill: colour, visibility: "hidden" }, picture))
    picture.onpointermove = picture.onpointerdown = (event) => {
      const share = (event.clientX - picture.getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT)
      this.point(this.nearest(from + Math.min(1, Math.max(0, share)) * (to - from)))
    }
    this.panels.append(figure)
    return { panel, y, cursor, dots }
  }

  drawLine(picture, network, values, y) {
    let path = ""
    let isDrawing = false
    network.steps.forEach((step, place) => {
      const height = values[place] === null ? NaN : y(values[place])
      if (Number.isFinite(height)) path += `${isDrawing ? "L" : "M"}${this.x(step).toFixed(1)} ${height.toFixed(1)}`
      isDrawing = Number.isFinite(height)
    })
    const dashes = network.dash.join(" ")
    svg("path", { d: path, fill: "none", stroke: network.colour, "stroke-dasharray": dashes, class: "value" }, picture)
  }

  point(step) {
    this.step = step
    this.input.value = this.steps.indexOf(step)
    this.input.setAttribute("aria-valuetext", `batch ${batches(step)}`)
    this.title.textContent = `Batch ${batches(step)}`
    const { networks, panels } = this.data
    const places = networks.map((network) => network.steps.indexOf(step))
    for (const { panel, y, cursor, dots } of this.drawn ?? []) {
      const x = this.x(step)
      cursor.setAttribute("x1", x)
      cursor.setAttribute("x2", x)
      cursor.setAttribute("visibility", "visible")
      dots.forEach((dot, number) => {
        const value = panel.values[number][places[number]] ?? null
        const height = value === null ? NaN : y(value)
        dot.setAttribute("visibility", Number.isFinite(height) ? "visible" : "hidden")
        if (Number.isFinite(height)) {
          dot.setAttribute("cx", x)
          dot.setAttribute("cy", height)
        }
      })
    }
    const table = document.createElement("table")
    const head = html("tr", "", html("thead", "", table))
    html("th", "", head)
    for (const network of networks) {
      const cell = html("th", network.label, head)
      cell.scope = "col"
      cell.style.borderBottom = `3px ${network.dash.length > 1 && network.dash[1] ? "dashed" : "solid"} ${network.colour}`
    }
    const body = html("tbody", "", table)
    for (const panel of panels) {
      const row = html("tr", "", body)
      html("th", panel.title, row).scope = "row"
      panel.values.forEach((values, number) => html("td", exact(values[places[number]], panel.scale), row))
    }
    this.values.replaceChildren(table)
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".through-training")
  root.shown ??= new Panels(root)
  root.shown.show(data)
}
