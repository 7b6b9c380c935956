// A slider over a list of choices that reports while it is dragged, but not more often than the server answers.

const MAX_WAIT_MS = 1000 // a lost answer does not stop the slider

class Slider {
  constructor(root) {
    root.innerHTML = `<label><span></span> <output></output> <input type="range" min="0"></label>`
    this.title = root.querySelector("span")
    this.output = root.querySelector("output")
    this.input = root.querySelector("input")
    this.input.oninput = () => this.moved()
  }

  show({ data, setTriggerValue }) {
    this.send = (place) => setTriggerValue("place", place)
    this.labels = data.labels
    this.title.textContent = data.title
    this.input.setAttribute("aria-label", data.title)
    this.input.max = data.labels.length - 1
    if (this.sent === undefined) this.input.value = data.place
    else if (data.place === this.sent) this.answered()
    this.name()
  }

  name() {
    this.output.textContent = this.labels[Number(this.input.value)]
    this.input.setAttribute("aria-valuetext", this.output.textContent)
  }

  moved() {
    this.name()
    if (this.sent === undefined) this.report()
  }

  report() {
    this.sent = Number(this.input.value)
    this.send(this.sent)
    this.timer = setTimeout(() => this.answered(), MAX_WAIT_MS)
  }

  answered() {
    clearTimeout(this.timer)
    const before = this.sent
    this.sent = undefined
    if (Number(this.input.value) !== before) this.report()
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".slider")
  root.slider ??= new Slider(root)
  root.slider.show(component)
}
