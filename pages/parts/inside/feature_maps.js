// Draws the filters and feature maps of one layer, for all networks side by side. The server sends the values once per
// layer, epoch and image. Black is zero, blue is positive, orange is negative, and all networks share one scale.

const STOPS = { positive: [[0, 114, 178], [214, 240, 255]], negative: [[196, 84, 0], [255, 236, 200]] }
const ZERO = [16, 20, 26], UNKNOWN = [128, 128, 128], NOTHING = [0, 0, 0, 0]
const SEND_AFTER_MS = 120 // the arrow keys repeat faster than the server answers

const make = (tag, attributes = {}, children = []) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0))
const floats = (text) => new Float32Array(bytes(text).buffer)
const minus = (text) => String(text).replace("-", "−")
const rounded = (value, digits) => {
  if (!Number.isFinite(value)) return "not finite"
  return minus(Math.abs(value) < 1e7 ? Number(value.toPrecision(digits)) : value.toExponential(digits - 1))
}
const padded = (value, digits) => (Number.isFinite(value) ? minus(value.toPrecision(digits)) : "not finite")
const exact = (value) => rounded(value, 9)
const short = (value) => rounded(value, 3)

// A number that is not finite arrives as null.
const product = ({ value, weight }) => (value === null || weight === null ? NaN : value * weight)

const mix = (from, to, share) => from.map((one, place) => one + share * (to[place] - one))

const colour = (value, largest) => {
  if (!Number.isFinite(value)) return UNKNOWN
  const share = largest ? Math.min(1, Math.abs(value) / largest) : 0
  const [middle, end] = value < 0 ? STOPS.negative : STOPS.positive
  return share < 0.5 ? mix(ZERO, middle, 2 * share) : mix(middle, end, 2 * share - 1)
}

const paint = (canvas, width, height, level) => {
  Object.assign(canvas, { width, height })
  const image = new ImageData(width, height)
  for (let place = 0; place < width * height; place++) {
    const [red, green, blue, opacity = 255] = level(place)
    image.data.set([red, green, blue, opacity], 4 * place)
  }
  canvas.getContext("2d").putImageData(image, 0, 0)
}

const largestOf = (arrays) => {
  let largest = 0
  for (const array of arrays) for (const value of array) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value))
  return largest
}

// The kernels of a filter, one per channel, in a square with a line of one pixel between them.
class FilterGrid {
  constructor([, channels, height, width]) {
    Object.assign(this, { channels, height, width })
    this.across = Math.ceil(Math.sqrt(channels))
    this.columns = this.across * (width + 1) - 1
    this.rows = Math.ceil(channels / this.across) * (height + 1) - 1
  }

  // The channel, row and column at a pixel, or nothing on a line.
  at(x, y) {
    const column = x % (this.width + 1), row = y % (this.height + 1)
    const channel = Math.floor(y / (this.height + 1)) * this.across + Math.floor(x / (this.width + 1))
    if (column === this.width || row === this.height || channel >= this.channels) return undefined
    return { channel, row, column, index: (channel * this.height + row) * this.width + column }
  }
}

class Maps {
  constructor(root) {
    this.root = root
    this.layers = make("div", { class: "layers", role: "group", "aria-label": "Layer" })
    this.note = make("p", { class: "note" })
    this.overview = make("div", { class: "networks" })
    this.legends = make("div", { class: "legends" })
    this.detail = make("div", { class: "detail", role: "group" })
    this.tip = make("div", { class: "tip", "aria-hidden": "true" })
    this.tip.hidden = true
    root.replaceChildren(this.layers, this.note, this.overview, this.legends, this.detail, this.tip)
    root.addEventListener("pointerleave", () => (this.tip.hidden = true))
  }

  show({ data, setTriggerValue }) {
    this.send = (chosen) => setTriggerValue("chosen", chosen)
    const answers = [JSON.stringify([data.layer]), JSON.stringify([data.layer, ...data.place]), undefined]
    // The answer to an earlier choice does not undo a later one.
    if (answers.includes(this.waiting) || this.builtLayer !== data.layer) {
      this.waiting = undefined
      this.place = data.place
    }
    this.data = data
    this.networks = data.networks.map((one) => ({ ...one, values: floats(one.values), filters: floats(one.filters) }))
    this.largest = largestOf(this.networks.map((one) => one.values))
    this.largestWeight = largestOf(this.networks.map((one) => one.filters))
    ;[this.mapCount, this.height, this.width] = data.networks[0].shape
    this.filterGrid = data.networks[0].filters ? new FilterGrid(data.networks[0].filter_shape) : undefined
    const built = JSON.stringify([data.layers, data.layer, data.networks.map((one) => [one.label, one.shape, one.filter_shape])])
    if (built !== this.built) this.build(built)
    this.paint()
  }

  // The elements

  build(built) {
    this.built = built
    this.builtLayer = this.data.layer
    const { layers, layer } = this.data
    this.layers.replaceChildren(...layers.map((one) => {
      const button = make("button", { type: "button", "aria-pressed": String(one.number === layer) }, [one.name, make("small", {}, [one.shape])])
      button.onclick = () => this.report([one.number])
      return button
    }))
    this.tiles = this.networks.map((network, number) => this.tilesOf(network, number))
    this.overview.replaceChildren(...this.tiles.map(({ block }) => block))
    this.buildDetail()
  }

  tilesOf(network, number) {
    const isWide = this.mapCount === 1
    const tiles = make("div", { class: isWide ? "tiles wide" : "tiles", role: "radiogroup", "aria-label": `${network.label}, maps of ${network.layer}` })
    const buttons = Array.from({ length: this.mapCount }, (_, map) => {
      const button = make("button", { type: "button", role: "radio" })
      if (map < (network.filter_shape[0] ?? 0) && this.filterGrid.channels) {
        const filter = make("canvas", { class: "filter" })
        filter.onpointermove = (event) => this.hoverFilter(event, map)
        button.append(filter)
        button.filter = filter
      }
      button.map = make("canvas")
      button.map.onpointermove = (event) => this.hoverMap(event, map)
      button.append(button.map)
      if (!isWide) button.append(`map ${map + 1}`)
      button.onclick = () => this.enlarge(map)
      button.onkeydown = (event) => this.tileKey(event, number, map)
      return button
    })
    tiles.append(...buttons)
    const dot = make("i", { style: `background:${network.colour}` })
    return { block: make("div", {}, [make("h4", {}, [dot, `${network.label}: ${network.layer}`]), tiles]), buttons }
  }

  buildDetail() {
    this.title = make("h4")
    this.readout = make("p", { class: "readout", "aria-live": "polite" })
    this.image = this.picture("The image")
    this.image.figure.className = "image"
    this.enlarged = this.networks.map((network) => {
      const one = this.picture(network.label)
      one.frame.setAttribute("role", "application")
      one.frame.tabIndex = 0
      one.canvas.onpointermove = (event) => this.hoverMap(event, this.place[0])
      one.canvas.onclick = (event) => this.clicked(event)
      one.frame.onkeydown = (event) => this.valueKey(event)
      return one
    })
    this.filters = this.filterGrid?.channels ? this.networks.map((network) => {
      const one = this.picture(`${network.label}: the filter`)
      one.canvas.onpointermove = (event) => this.hoverFilter(event, this.place[0])
      one.mark.hidden = true
      one.figure.className = "filters"
      return one
    }) : []
    this.saw = make("p", { class: "saw" })
    this.traces = make("div", { class: "networks traces" })
    const pictures = [this.image, ...this.enlarged, ...this.filters].map(({ figure }) => figure)
    this.detail.replaceChildren(...(this.mapCount ? [this.title, ...pictures, this.readout, this.saw, this.traces] : []))
  }

  picture(words) {
    const canvas = make("canvas", { role: "img" }), mark = make("div", { class: "mark" })
    const frame = make("div", { class: "picture" }, [canvas, mark])
    return { figure: make("figure", {}, [make("figcaption", {}, [words]), frame]), frame, canvas, mark }
  }

  // The numbers in the elements

  paint() {
    this.note.textContent = this.data.notes
    this.networks.forEach((network, number) => this.tiles[number].buttons.forEach((button, map) => {
      this.paintMap(button.map, network, map)
      if (button.filter) this.paintFilter(button.filter, network, map)
      button.setAttribute("aria-label", `${network.label}, ${this.mapInWords(network, map)}`)
    }))
    const scales = [[`values of ${this.data.layers.find((one) => one.number === this.data.layer).name}`, this.largest]]
    if (this.filterGrid) scales.push(["weights of the filters", this.largestWeight])
    this.legends.replaceChildren(...scales.map(([words, largest]) => this.legend(words, largest)))
    if (this.mapCount) this.paintDetail()
  }

  paintMap(canvas, network, map) {
    const first = map * this.width * this.height
    const count = this.data.units || this.width * this.height
    paint(canvas, this.width, this.height, (place) => (place < count ? colour(network.values[first + place], this.largest) : NOTHING))
  }

  paintFilter(canvas, network, map) {
    const grid = this.filterGrid, first = map * grid.channels * grid.height * grid.width
    if (map >= network.filter_shape[0]) return
    paint(canvas, grid.columns, grid.rows, (place) => {
      const cell = grid.at(place % grid.columns, Math.floor(place / grid.columns))
      return cell ? colour(network.filters[first + cell.index], this.largestWeight) : NOTHING
    })
  }

  legend(words, largest) {
    const canvas = make("canvas", { role: "img", "aria-label": `Colours of the ${words}: from orange for −${short(largest)} over black for 0 to blue for ${short(largest)}` })
    paint(canvas, 201, 1, (place) => colour((place - 100) * (largest || 1) / 100, largest || 1))
    const ends = [`−${short(largest)}`, `0: ${words}`, short(largest)].map((text) => make("span", {}, [text]))
    return make("div", { class: "legend" }, [canvas, make("div", {}, ends)])
  }

  paintDetail() {
    const [map, row, column] = this.place
    this.title.textContent = this.data.units ? "All values" : `Map ${map + 1} enlarged`
    this.detail.setAttribute("aria-label", this.title.textContent)
    this.paintImage()
    this.networks.forEach((network, number) => {
      const { canvas, frame, mark } = this.enlarged[number]
      this.paintMap(canvas, network, map)
      canvas.setAttribute("aria-label", this.mapInWords(network, map))
      frame.setAttribute("aria-label", `${network.label}, ${this.mapInWords(network, map)}. The arrow keys choose a value.`)
      this.move(mark, column, row, 1, 1, this.width, this.height)
    })
    this.filters.forEach((one, number) => {
      this.paintFilter(one.canvas, this.networks[number], map)
      one.canvas.setAttribute("aria-label", `The filter of map ${map + 1}, weights from −${short(this.largestWeight)} to ${short(this.largestWeight)}`)
    })
    this.tiles.forEach(({ buttons }) => buttons.forEach((button, number) => {
      button.setAttribute("aria-checked", String(number === map))
      button.tabIndex = number === map ? 0 : -1
    }))
    this.readout.textContent = this.valueInWords(map, row, column)
  }

  // The image with the patch that the value saw. Until the server has answered, the patch is that of another value.
  paintImage() {
    const { image, image_side: side, patch } = this.data
    const pixels = bytes(image), [top, left, height, width] = patch, isCurrent = String(this.place) === String(this.data.place)
    paint(this.image.canvas, side, pixels.length / side, (place) => [pixels[place], pixels[place], pixels[place]])
    const seen = height > 0 && width > 0
    this.image.mark.hidden = !seen || !isCurrent
    this.move(this.image.mark, left, top, width, height, side, pixels.length / side)
    const where = !seen ? "only padding" : height === side && width === side ? "everything" : `rows ${top + 1} to ${top + height}, columns ${left + 1} to ${left + width}`
    this.saw.textContent = `Of the image, it saw ${where}.`
    this.image.canvas.setAttribute("aria-label", `The image that the networks see. The chosen value saw ${where}.`)
    this.saw.classList.toggle("old", !isCurrent)
    this.traces.classList.toggle("old", !isCurrent)
    if (isCurrent) this.traces.replaceChildren(...this.networks.map((network) => this.trace(network)))
  }

  trace({ label, colour: own, steps }) {
    const body = make("tbody")
    for (const step of steps) for (const [words, sum, total, isResult] of this.lines(step)) {
      const row = make("tr", isResult ? { class: "result" } : {}, [make("th", { scope: "row" }, [words]), make("td", {}, [sum])])
      row.append(make("td", { title: exact(total) }, [padded(total, isResult ? 7 : 4)]))
      body.append(row)
    }
    const caption = make("caption", {}, [make("i", { style: `background:${own}` }), `${label}: how this value is computed`])
    return make("div", {}, [make("table", {}, [caption, body])])
  }

  // The lines of one step: what it is, its arithmetic, its number, and whether it is a result.
  lines({ name, kind, terms, count, rest, bias, value }) {
    const where = ({ place }) => (place.length === 3 ? `channel ${place[0] + 1}, row ${place[1] + 1}, column ${place[2] + 1}` : `value ${place[0] + 1}`)
    const others = count - terms.length
    if (kind === "sum") return [
      ...terms.map((term) => [where(term), `${padded(term.value, 4)} · ${term.weight < 0 ? `(${padded(term.weight, 4)})` : padded(term.weight, 4)}`, product(term)]),
      ...(others ? [[`the ${others.toLocaleString("en")} smaller products`, "", rest]] : []),
      ...(bias !== 0 ? [["bias", "", bias]] : []),
      [name, "sum", value, true],
    ]
    if (kind === "largest") return [
      ...terms.map((term) => [where(term), "", term.value]),
      [name, others ? `largest of ${count.toLocaleString("en")}` : "largest", value, true],
    ]
    const [input] = terms
    return [[name, kind === "function" ? `of ${padded(input.value, 4)}` : `of ${padded(input.value, 4)} and the values around it`, value, true]]
  }

  move(mark, left, top, width, height, columns, rows) {
    const share = (part, whole) => `${(100 * part) / whole}%`
    Object.assign(mark.style, { left: share(left, columns), top: share(top, rows), width: share(width, columns), height: share(height, rows) })
  }

  mapInWords(network, map) {
    const size = this.data.units || this.width * this.height
    const values = network.values.subarray(map * this.width * this.height).subarray(0, size)
    if (!values.every(Number.isFinite)) return `map ${map + 1}: not all values are finite`
    const zeros = values.filter((value) => value === 0).length
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
    return `map ${map + 1}: values from ${short(low)} to ${short(high)}, ${Math.round((100 * zeros) / size)} % of them zero`
  }

  valueInWords(map, row, column) {
    const unit = row * this.width + column
    const where = this.data.units ? `Value ${unit + 1}` : `Map ${map + 1}, row ${row + 1}, column ${column + 1}`
    const values = this.networks.map(({ label, values }) => `${label} ${exact(values[(map * this.height + row) * this.width + column])}`)
    return `${where}: ${values.join(", ")}`
  }

  // What the visitor does

  pixel({ offsetX, offsetY, target }, columns, rows) {
    const place = (offset, size, count) => Math.min(count - 1, Math.max(0, Math.floor((offset / size) * count)))
    return [place(offsetY, target.clientHeight, rows), place(offsetX, target.clientWidth, columns)]
  }

  has(row, column) {
    return row >= 0 && column >= 0 && row < this.height && column < this.width && (!this.data.units || row * this.width + column < this.data.units)
  }

  hoverMap(event, map) {
    const [row, column] = this.pixel(event, this.width, this.height)
    if (this.has(row, column)) this.say(event, this.valueInWords(map, row, column))
  }

  hoverFilter(event, map) {
    const grid = this.filterGrid
    const [y, x] = this.pixel(event, grid.columns, grid.rows), cell = grid.at(x, y)
    if (!cell) return
    const index = map * grid.channels * grid.height * grid.width + cell.index
    const weights = this.networks.map(({ label, filters }) => `${label} ${exact(filters[index])}`)
    this.say(event, `Filter ${map + 1}, channel ${cell.channel + 1}, row ${cell.row + 1}, column ${cell.column + 1}: ${weights.join(", ")}`)
  }

  say({ clientX, clientY }, words) {
    this.tip.textContent = words
    this.tip.hidden = false
    const { width, height } = this.tip.getBoundingClientRect()
    this.tip.style.left = `${Math.max(4, Math.min(clientX + 14, innerWidth - width - 4))}px`
    this.tip.style.top = `${clientY + 18 + height > innerHeight ? clientY - height - 12 : clientY + 18}px`
  }

  enlarge(map) {
    this.choose(this.place[1], this.place[2], map)
    this.detail.scrollIntoView({ block: "nearest" })
  }

  clicked(event) {
    this.choose(...this.pixel(event, this.width, this.height))
    this.traces.scrollIntoView({ block: "nearest" })
  }

  choose(row, column, map = this.place[0]) {
    if (!this.has(row, column)) return
    this.place = [map, row, column]
    this.paintDetail()
    this.report([this.data.layer, ...this.place])
  }

  report(chosen) {
    clearTimeout(this.timer)
    this.waiting = JSON.stringify(chosen)
    this.timer = setTimeout(() => this.send(chosen), chosen.length === 1 ? 0 : SEND_AFTER_MS)
  }

  tileKey(event, number, map) {
    const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }
    if (!(event.key in steps)) return
    event.preventDefault()
    const next = (map + steps[event.key] + this.mapCount) % this.mapCount
    this.choose(this.place[1], this.place[2], next)
    this.tiles[number].buttons[next].focus()
  }

  valueKey(event) {
    const steps = { ArrowLeft: [0, -1], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowDown: [1, 0] }
    if (!(event.key in steps)) return
    event.preventDefault()
    const [down, right] = steps[event.key]
    this.choose(this.place[1] + down, this.place[2] + right)
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".maps")
  root.maps ??= new Maps(root)
  root.maps.show(component)
}
