// A slider for the input of the activations, and buttons for pairs of inputs. During a drag, the newest input is sent at
// most every THROTTLE ms. Python decides what is shown; a slider in use is left alone.

const THROTTLE = 60

class InputSlider {
  constructor(root) {
    this.label = document.createElement("label")
    this.text = document.createElement("span")
    this.slider = Object.assign(document.createElement("input"), { type: "range", step: "0.1" })
    this.label.append(this.text, this.slider)
    this.buttons = Object.assign(document.createElement("div"), { className: "presets" })
    root.replaceChildren(this.label, this.buttons)
    this.slider.oninput = () => this.choose(Number(this.slider.value))
    this.slider.onchange = () => this.send()
  }

  choose(start) {
    this.pending = [start, Math.round(10 * (start + 1)) / 10]
    this.say(...this.pending)
    this.timer ??= setTimeout(() => this.send(), Math.max(0, THROTTLE - (performance.now() - (this.sent ?? 0))))
  }

  send() {
    clearTimeout(this.timer)
    this.timer = null
    if (!this.pending) return
    this.sent = performance.now()
    this.waiting = this.pending
    this.pending = null
    this.report.setStateValue("chosen", this.waiting)
  }

  say(start, end) {
    this.text.textContent = `input x = ${start}, and ${end} next to it`
    this.slider.setAttribute("aria-valuetext", String(start))
  }

  draw(data, report) {
    this.report = report
    this.slider.min = String(-data.farthest)
    this.slider.max = String(data.farthest)
    const arrived = !this.waiting || (this.waiting[0] === data.start && this.waiting[1] === data.end)
    if (arrived) this.waiting = null
    if (!this.pending && arrived) {
      this.slider.value = String(data.start)
      this.say(data.start, data.end)
    }
    const shown = JSON.stringify(data.presets)
    if (this.shown === shown) return
    this.shown = shown
    this.buttons.replaceChildren(...data.presets.map(([text, start, end]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: text })
      button.onclick = () => { this.pending = [start, end]; this.send() }
      return button
    }))
  }

  close() {
    clearTimeout(this.timer)
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".input-slider")
  root.inputs ??= new InputSlider(root)
  root.inputs.draw(component.data, component)
  return () => {
    root.inputs?.close()
    root.inputs = null
  }
}
