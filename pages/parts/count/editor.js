// The list of layers with sliders. Python decides what is shown (`data`); this file draws it and reports edits.
//
// During a drag, an edit with the current value is sent at most every THROTTLE ms, so that the numbers on the page follow
// the slider. The next edit waits until Python has received the last one (at most PATIENCE ms), so that edits never queue.
// SETTLE ms after the last edit, `settled` is reported, and Python runs the slower parts of the page.

const THROTTLE = 60
const PATIENCE = 400
const SETTLE = 300

const make = (tag, attributes = {}, children = []) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value)
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value)
  }
  element.append(...children)
  return element
}

// Most values are unchanged, and writing them again would cost the browser a layout.
const set = (element, name, value) => {
  if (element[name] !== value) element[name] = value
}

class Editor {
  constructor(root) {
    this.root = root
    this.list = root.querySelector(".layers")
    this.adding = root.querySelector(".adding")
    this.held = null // the control in use, which Python must not move
    this.edits = 0
    this.born = Date.now() // makes the numbers of this editor's edits different from those of an earlier editor
    this.pending = null
    this.timer = null
    this.lastSent = 0
    this.pressed = false
    window.addEventListener("pointerup", this.release = () => { this.pressed = false; this.settleLater() })
  }

  close() {
    window.removeEventListener("pointerup", this.release)
    clearTimeout(this.timer)
    clearTimeout(this.settling)
  }

  // Reports to Python

  edit(place, field, value) {
    this.pending = { place, field, value }
    this.schedule()
    this.settleLater()
  }

  schedule() {
    if (!this.pending) return
    clearTimeout(this.timer)
    this.timer = null
    const wait = this.lastSent + (this.unreceived ? PATIENCE : THROTTLE) - performance.now()
    if (wait <= 0) this.send()
    else this.timer = setTimeout(() => this.send(), wait)
  }

  send() {
    clearTimeout(this.timer)
    this.timer = null
    if (!this.pending) return
    this.lastSent = performance.now()
    this.moving = true
    this.number = `${this.born}-${++this.edits}`
    this.report.setStateValue("edit", { ...this.pending, number: this.number })
    this.pending = null
    this.unreceived = true
  }

  settleLater() {
    clearTimeout(this.settling)
    if (this.pressed || !(this.moving || this.pending)) return
    this.settling = setTimeout(() => {
      this.send()
      this.moving = false
      this.report.setTriggerValue("settled", true)
    }, SETTLE)
  }

  act(action) {
    this.send()
    this.held = null
    // The focus moves with the layer. After a removal, the next layer's button gets it.
    const steps = { up: -1, down: 1, remove: 0 }
    if (action.kind in steps) this.refocus = { kind: action.kind, place: action.place + steps[action.kind] }
    this.report.setTriggerValue("action", action)
  }

  // Drawing. The controls stay the same elements while the kinds of the layers do not change.

  draw(data, report) {
    this.report = report
    if (data.received === this.number) this.unreceived = false
    this.schedule()
    if (!data.settled && !this.moving) {
      // An earlier editor was removed during a drag. Its last value still has to reach the address.
      this.moving = true
      this.settleLater()
    }
    const shape = JSON.stringify(data.cards.map((card) => [card.place, card.kind, card.controls.map((control) => [control.field, control.type, control.compact])]))
    const rebuilt = shape !== this.shape
    if (rebuilt) {
      this.shape = shape
      this.held = null
      this.cards = data.cards.map((card) => this.build(card))
      this.list.replaceChildren(...this.cards.map((card) => card.element))
    }
    data.cards.forEach((card, index) => this.fill(this.cards[index], card))
    this.drawAdding(data)
    if (rebuilt) this.restoreFocus(data.cards)
    const selected = data.cards.find((card) => card.selected)
    if (selected && selected.place !== this.shownSelection) this.reveal(this.cards[data.cards.indexOf(selected)].element)
    this.shownSelection = selected ? selected.place : null
  }

  restoreFocus(cards) {
    const wanted = this.refocus
    this.refocus = null
    if (!wanted) return
    const last = cards.at(-1).place
    const index = cards.findIndex((card) => card.place === Math.max(Math.min(wanted.place, last), 0))
    if (index >= 0) this.cards[index].buttons[wanted.kind].focus()
  }

  reveal(element) {
    const list = this.list
    const above = element.offsetTop - list.offsetTop
    if (above < list.scrollTop || above + element.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = above - 8
  }

  build(card) {
    const name = make("button", { class: "name", type: "button", title: "Select this layer everywhere", onclick: () => this.act({ kind: "select", place: card.place }) })
    const facts = make("span", { class: "facts" })
    const tools = make("span", { class: "tools" })
    const buttons = {}
    if (card.place >= 0) {
      const number = card.place + 1
      for (const [kind, sign, label] of [["up", "↑", `Move layer ${number} up`], ["down", "↓", `Move layer ${number} down`], ["remove", "×", `Remove layer ${number}`]]) {
        buttons[kind] = make("button", { type: "button", title: label, "aria-label": label, text: sign, onclick: () => this.act({ kind, place: card.place }) })
      }
      tools.append(...Object.values(buttons))
    }
    const head = make("div", { class: "head" }, [name, facts, tools])
    const error = make("p", { class: "error", role: "alert" })
    const controls = card.controls.map((control) => this.control(card, control))
    const open = controls.filter((_, index) => !card.controls[index].compact).map((control) => control.element)
    const compact = controls.filter((_, index) => card.controls[index].compact).map((control) => control.element)
    const body = make("div", {}, open)
    const summary = make("summary")
    if (card.controls.length === 1 && compact.length) name.after(controls[0].element)
    else if (compact.length && open.length) body.append(make("details", {}, [summary, make("div", { class: "compact" }, compact)]))
    else if (compact.length) body.append(make("div", { class: "compact" }, compact))
    const element = make("li", { class: "card" }, [head, body, error])
    return { element, name, facts, error, summary, controls, buttons }
  }

  control(card, control) {
    const label = `${card.name} ${control.label}`
    if (control.type === "choice") return this.choice(card, control, label)
    if (control.type === "toggle") return this.toggle(card, control, label)
    const number = make("input", { type: "number", "aria-label": `${label}, as a number`, step: "any" })
    const range = control.type === "slider" ? make("input", { type: "range", "aria-label": label }) : null
    const changed = (source) => {
      const value = Number(source.value)
      if (source.value === "" || !Number.isFinite(value)) return
      this.held = source
      if (range && source !== range) range.value = value
      if (source !== number) number.value = value
      this.edit(card.place, control.field, value)
    }
    for (const input of range ? [range, number] : [number]) {
      input.addEventListener("input", () => changed(input))
      input.addEventListener("pointerdown", () => { this.pressed = true })
      input.addEventListener("blur", () => { this.held = null })
    }
    const element = make("label", { class: range ? "slider" : "field" }, [make("span", { text: control.label }), ...(range ? [range] : []), number])
    return {
      element,
      fill: (now) => {
        for (const input of range ? [range, number] : [number]) {
          if (this.held && (input === this.held || (this.pressed && this.held === range))) continue
          set(input, "min", String(now.lowest))
          set(input, "max", String(input === number ? now.limit : now.highest))
          if (input === range) set(input, "step", String(now.step))
          set(input, "value", String(now.value))
        }
      },
    }
  }

  choice(card, control, label) {
    const select = make("select", { "aria-label": label, onchange: () => this.edit(card.place, control.field, control.numeric ? Number(select.value) : select.value) })
    const element = make("label", { class: "field" }, [make("span", { text: control.label }), select])
    return {
      element,
      fill: (now) => {
        const options = JSON.stringify(now.options)
        if (options !== select.dataset.options) {
          select.dataset.options = options
          select.replaceChildren(...now.options.map(([value, text]) => make("option", { value, text })))
        }
        set(select, "value", String(now.value))
      },
    }
  }

  toggle(card, control, label) {
    const box = make("input", { type: "checkbox", "aria-label": label, onchange: () => this.edit(card.place, control.field, box.checked) })
    return { element: make("label", { class: "field" }, [make("span", { text: control.label }), box]), fill: (now) => set(box, "checked", now.value) }
  }

  fill(parts, card) {
    parts.element.classList.toggle("selected", card.selected)
    parts.element.classList.toggle("misfit", Boolean(card.error))
    parts.element.classList.toggle("uncounted", card.uncounted)
    set(parts.name, "textContent", card.name)
    set(parts.name, "ariaPressed", String(card.selected))
    set(parts.facts, "textContent", card.facts)
    set(parts.error, "textContent", card.error)
    set(parts.summary, "textContent", card.folded)
    card.controls.forEach((control, index) => parts.controls[index].fill(control))
  }

  drawAdding(data) {
    const options = JSON.stringify(data.kinds)
    if (!this.kind || options !== this.options) {
      this.options = options
      this.kind = make("select", { "aria-label": "Kind of the new layer" }, data.kinds.map(([value, text]) => make("option", { value, text })))
      this.add = make("button", { type: "button", onclick: () => this.act({ kind: "add", place: this.addAt, word: this.kind.value }) })
      this.adding.replaceChildren(this.kind, this.add)
    }
    this.addAt = data.add_at
    this.add.textContent = data.add_label
  }
}

export default function (component) {
  const root = component.parentElement
  root.editor ??= new Editor(root)
  root.editor.draw(component.data, component)
  return () => {
    root.editor?.close()
    root.editor = null
  }
}
