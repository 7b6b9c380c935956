// Draws a convolution step by step. The server sends the numbers once; everything else happens here. The animation plays
// once when it comes into view, and stops when it leaves the view or the tab is hidden. No timer runs while it is stopped.

const STEP_MS = 700
const MAX_TERMS = 30 // the longest sum that is written out in full
const SVG = "http://www.w3.org/2000/svg"

const shape = (tag, attributes, parent) => {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  parent.append(element)
  return element
}

const signed = (value) => (value < 0 ? `(−${-value})` : `${value}`)

class Convolution {
  constructor(root) {
    this.root = root
    this.timer = null
    this.observer = new IntersectionObserver(([entry]) => this.viewed(entry.isIntersecting), { threshold: 0.3 })
    this.observer.observe(root)
    document.addEventListener("visibilitychange", this.hidden = () => document.hidden && this.pause())
  }

  close() {
    this.pause()
    this.observer.disconnect()
    document.removeEventListener("visibilitychange", this.hidden)
  }

  viewed(inView) {
    if (!inView) this.pause()
    else if (!this.played && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.play()
  }

  show(data) {
    const key = JSON.stringify(data)
    if (key === this.key) return
    this.pause()
    this.key = key
    this.data = data
    this.columns = data.output[0].length
    this.count = this.columns * data.output.length
    this.played = false
    this.build()
    this.at(Math.floor(this.count / 2))
  }

  // The picture

  build() {
    const { image, weights, output } = this.data
    const [above, left] = this.data.padding, [below, right] = this.data.padding_after
    this.root.innerHTML = `<div class="bar"><button class="play">Play</button><button class="step">Step</button>
      <input type="range" min="0" max="${this.count - 1}" aria-label="Position of the window"></div>
      <div class="grids"><figure><figcaption class="in"></figcaption></figure>
      <figure class="kernel"><figcaption>weights, ${weights.length}×${weights[0].length}</figcaption></figure>
      <figure><figcaption>output, ${output.length}×${this.columns}</figcaption></figure></div><p class="sum" aria-live="off"></p>`
    const [input, kernel, result] = this.root.querySelectorAll("figure")
    this.root.querySelector(".in").textContent = `input, ${image.length}×${image.length}` + (above + left + below + right ? `, and ${this.padding()} (zeros, dashed)` : "")
    const height = above + image.length + below
    this.across = left + image.length + right
    this.cells = this.grid(input, height, this.across, (row, column) => this.pixel(row - above, column - left), (value) => `rgba(120,130,140,${value / 20})`)
    for (const [index, cell] of this.cells.entries()) {
      const row = Math.floor(index / this.across) - above, column = (index % this.across) - left
      if (row < 0 || column < 0 || row >= image.length || column >= image.length) cell.rect.classList.add("padded")
    }
    this.grid(kernel, weights.length, weights[0].length, (row, column) => weights[row][column], this.tint(1))
    const largest = Math.max(1, ...output.flat().map(Math.abs))
    this.results = this.grid(result, output.length, this.columns, (row, column) => output[row][column], this.tint(largest))
    this.results.forEach((cell, index) => {
      cell.rect.classList.add("target")
      cell.rect.addEventListener("pointerenter", () => { this.pause(); this.at(index) })
    })
    this.slider = this.root.querySelector("input")
    this.slider.oninput = () => { this.pause(); this.at(Number(this.slider.value)) }
    this.button = this.root.querySelector(".play")
    this.button.onclick = () => (this.timer ? this.pause() : this.play())
    this.root.querySelector(".step").onclick = () => { this.pause(); this.at((this.position + 1) % this.count) }
  }

  tint(largest) {
    // Blue is positive, orange is negative. The number is written too.
    return (value) => `rgba(${value < 0 ? "230,159,0" : "86,180,233"},${(0.75 * Math.abs(value)) / largest})`
  }

  grid(figure, rows, columns, value, colour) {
    const svg = shape("svg", { viewBox: `-0.1 -0.1 ${columns + 0.2} ${rows + 0.2}`, role: "img", "aria-label": figure.querySelector("figcaption").textContent }, figure)
    const cells = []
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const number = value(row, column)
        const rect = shape("rect", { x: column, y: row, width: 1, height: 1, fill: colour(number) }, svg)
        if (columns <= 16) shape("text", { x: column + 0.5, y: row + 0.5 }, svg).textContent = number
        cells.push({ rect, number })
      }
    }
    return cells
  }

  padding() {
    const [above, left] = this.data.padding, [below, right] = this.data.padding_after
    if (above !== below || left !== right) return `padding: ${above} above, ${below} below, ${left} left, ${right} right`
    return `padding ${above === left ? above : `${above}×${left}`}`
  }

  pixel(row, column) {
    return this.data.image[row]?.[column] ?? 0
  }

  // One position of the window

  at(position) {
    const { weights, stride, dilation, bias, output } = this.data
    this.position = position
    const row = Math.floor(position / this.columns), column = position % this.columns
    this.cells.forEach((cell) => cell.rect.classList.remove("window"))
    const terms = []
    weights.forEach((line, i) => line.forEach((weight, j) => {
      const y = row * stride[0] + i * dilation[0], x = column * stride[1] + j * dilation[1]
      const cell = this.cells[y * this.across + x]
      cell.rect.classList.add("window")
      terms.push(`${cell.number}·${signed(weight)}`)
    }))
    this.results.forEach((cell, index) => cell.rect.classList.toggle("current", index === position))
    this.slider.value = position
    const shown = terms.length > MAX_TERMS ? [...terms.slice(0, MAX_TERMS - 4), "…", ...terms.slice(-3)] : terms
    const sum = this.root.querySelector(".sum")
    sum.textContent = `row ${row + 1}, column ${column + 1}: ${shown.join(" + ")}${bias ? ` + bias ${bias}` : ""} = `
    const total = document.createElement("strong")
    total.textContent = String(output[row][column]).replace("-", "−")
    sum.append(total)
  }

  play() {
    this.played = true
    if (this.timer) return
    if (this.position === this.count - 1) this.at(0)
    this.button.textContent = "Pause"
    this.timer = setInterval(() => {
      if (!this.root.isConnected || this.position === this.count - 1) this.pause()
      else this.at(this.position + 1)
    }, STEP_MS)
  }

  pause() {
    clearInterval(this.timer)
    this.timer = null
    if (this.button) this.button.textContent = "Play"
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".convolution")
  root.convolution ??= new Convolution(root)
  root.convolution.show(component.data)
  return () => {
    root.convolution?.close()
    root.convolution = null
  }
}
