// The list of layers with sliders. Python decides what is shown (`data`); this file draws it and reports edits.
//
// During a drag, an edit with the current value is sent at most every THROTTLE ms, so that the numbers on the page follow
// the slider. The next edit waits until Python has received the last one (at most PATIENCE ms), so that edits never queue.
// SETTLE ms after the last edit, `settled` is reported, and Python runs the slower parts of the page.
//
// Actions (of buttons and of Ctrl+Z) are numbered. Those that Python has not applied yet are reported together.

const THROTTLE = 60
const PATIENCE = 400
const SETTLE = 300

const TYPED = "input:not([type=range], [type=checkbox], [type=radio]), textarea, [contenteditable=true]"

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
    this.problem = root.querySelector(".problem")
    this.held = null // the control in use, which Python must not move
    this.edits = 0
    this.born = Date.now() // makes the numbers of this editor's edits different from those of an earlier editor
    this.actions = [] // those that Python has not applied yet
    this.numbered = 1000 * this.born
    this.pending = null
    this.timer = null
    this.lastSent = 0
    this.pressed = false
    this.release = () => { this.pressed = false; this.settleLater() }
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, this.release)
    window.addEventListener("keydown", this.shortcut = (event) => this.undoOrRedo(event))
  }

  close() {
    for (const end of ["pointerup", "pointercancel"]) window.removeEventListener(end, this.release)
    window.removeEventListener("keydown", this.shortcut)
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
    this.actions.push({ ...action, number: ++this.numbered })
    this.report.setStateValue("actions", [...this.actions])
    this.revealing = action.kind === "add" ? action.place : null
  }

  // The focus moves with the layer at once, so that the next press of the key moves the same layer.
  move(kind, place) {
    this.act({ kind, place })
    const target = this.cards.find((card) => card.place === place + (kind === "up" ? -1 : 1))
    if (target && target.place >= 0) target.buttons[kind].focus()
  }

  undoOrRedo(event) {
    const key = event.key.toLowerCase()
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !["y", "z"].includes(key)) return
    if (event.composedPath()[0].matches?.(TYPED)) return // there the browser undoes what was typed
    event.preventDefault()
    this.act({ kind: key === "y" || event.shiftKey ? "redo" : "undo" })
  }

  // Drawing. The controls stay the same elements while the kinds of the layers do not change.

  draw(data, report) {
    this.report = report
    this.data = data
    if (data.received === this.number) this.unreceived = false
    this.actions = this.actions.filter((action) => action.number > data.acted)
    this.schedule()
    if (!data.settled && !this.moving) {
      // An earlier editor was removed during a drag. Its last value still has to reach the address.
      this.moving = true
      this.settleLater()
    }
    const shape = JSON.stringify(data.cards.map((card) => [card.place, card.kind, card.controls.map((control) => [control.field, control.type, control.compact])]))
    const rebuilt = shape !== this.shape
    if (rebuilt) this.rebuild(data.cards)
    this.shape = shape
    data.cards.forEach((card, index) => this.fill(this.cards[index], card))
    this.drawAdding(data)
    if (this.revealing !== null && !this.actions.length) {
      if (this.cards[this.revealing + 1]) this.reveal(this.cards[this.revealing + 1].element)
      this.revealing = null
    }
    const selected = data.cards.find((card) => card.selected)
    if (selected && selected.place !== this.shownSelection) this.reveal(this.cards[data.cards.indexOf(selected)].element)
    this.shownSelection = selected ? selected.place : null
  }

  // New elements keep the scroll position, and the focus if there is a control of the same name at the same place.
  rebuild(cards) {
    const { name: focused, place } = this.list.getRootNode().activeElement?.dataset ?? {}
    const scrolled = this.list.scrollTop
    this.held = null
    this.cards = cards.map((card) => ({ place: card.place, ...this.build(card) }))
    this.list.replaceChildren(...this.cards.map((card) => card.element))
    this.list.scrollTop = scrolled
    if (!focused) return
    const card = this.cards.findLast((one) => one.place <= Number(place))
    const same = [...card.element.querySelectorAll("[data-name]")].find((element) => element.dataset.name === focused)
    const next = same ?? card.name
    next.focus({ preventScroll: true })
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
        const onclick = () => (kind === "remove" ? this.act({ kind, place: card.place }) : this.move(kind, card.place))
        buttons[kind] = make("button", { type: "button", title: label, "aria-label": label, text: sign, onclick })
      }
      tools.append(...Object.values(buttons))
    }
    const head = make("div", { class: "head" }, [name, facts, tools])
    const error = make("p", { class: "error", role: "alert" })
    const controls = card.controls.map((control) => this.control(card, control))
    const open = controls.filter((_, index) => !card.controls[index].compact).map((control) => control.element)
    const compact = controls.filter((_, index) => card.controls[index].compact).map((control) => control.element)
    const apart = card.controls.some((control) => control.sides) ? make("input", { type: "checkbox", onchange: () => this.separate(card.place) }) : null
    if (apart) compact.push(make("label", { class: "field" }, [make("span", { text: "height ≠ width" }), apart]))
    const body = make("div", {}, open)
    const summary = make("summary")
    if (card.controls.length === 1 && compact.length === 1) name.after(controls[0].element)
    else if (compact.length && open.length) body.append(make("details", {}, [summary, make("div", { class: "compact" }, compact)]))
    else if (compact.length) body.append(make("div", { class: "compact" }, compact))
    const element = make("li", { class: "card" }, [head, body, error])
    const named = { name, ...buttons }
    for (const [key, button] of Object.entries(named)) Object.assign(button.dataset, { place: card.place, name: key })
    controls.forEach(({ inputs }, index) => inputs.forEach((input) =>
      Object.assign(input.dataset, { place: card.place, name: `${card.controls[index].field} ${input.type}` })))
    if (apart) Object.assign(apart.dataset, { place: card.place, name: "apart" })
    return { element, name, facts, error, summary, controls, buttons, apart }
  }

  // Show a number for the height and one for the width, or make both equal.
  separate(place) {
    const index = this.cards.findIndex((card) => card.place === place)
    const { apart } = this.cards[index], card = this.data.cards[index]
    if (!apart.checked && card.controls.some((control) => Array.isArray(control.value))) this.act({ kind: "square", place })
    else this.fill(this.cards[index], card)
  }

  control(card, control) {
    const label = `${card.name} ${control.label}`
    if (control.type === "choice") return this.choice(card, control, label)
    if (control.type === "toggle") return this.toggle(card, control, label)
    const number = make("input", { type: "number", step: "any" })
    const range = control.type === "slider" ? make("input", { type: "range", "aria-label": label }) : null
    const width = control.sides ? make("input", { type: "number", step: "any", "aria-label": `${label}, width, as a number` }) : null
    const times = width ? make("span", { text: "×" }) : null
    const word = control.word ? make("input", { type: "checkbox", "aria-label": `${label} ${control.word}` }) : null
    const typed = width ? [number, width] : [number]
    const changed = (source) => {
      const values = typed.filter((input) => !input.hidden).map((input) => Number((source === range ? range : input).value))
      if ((source !== range && typed.some((input) => !input.hidden && input.value === "")) || !values.every(Number.isFinite)) return
      this.held = source
      if (range && source !== range) range.value = values[0]
      if (source === range) number.value = values[0]
      this.edit(card.place, control.field, values.length > 1 ? values : values[0])
    }
    for (const input of range ? [range, ...typed] : typed) {
      input.addEventListener("input", () => changed(input))
      input.addEventListener("pointerdown", () => { this.pressed = true })
      input.addEventListener("blur", () => { this.held = null })
    }
    word?.addEventListener("change", () => this.edit(card.place, control.field, word.checked ? control.word : 0))
    const parts = [make("span", { text: control.label }), range, number, times, width, word, word && make("span", { text: control.word })].filter(Boolean)
    // A label names its first control only.
    const element = make(width ? "div" : "label", { class: range ? "slider" : "field" }, parts)
    return {
      element,
      inputs: [...(range ? [range] : []), number, ...(word ? [word] : []), ...(width ? [width] : [])],
      fill: (now, apart) => {
        const isWord = Boolean(word) && now.value === control.word
        const values = Array.isArray(now.value) ? now.value : [now.value, now.value]
        const separate = Boolean(apart && width) && !isWord
        set(number, "ariaInvalid", now.refused === undefined ? null : "true")
        set(number, "ariaLabel", separate ? `${label}, height, as a number` : `${label}, as a number`)
        if (word) set(word, "checked", isWord)
        if (range) set(range, "hidden", separate)
        if (width) for (const part of [times, width]) set(part, "hidden", !separate)
        element.classList.toggle("apart", separate)
        for (const input of range ? [range, ...typed] : typed) {
          set(input, "disabled", isWord)
          if (this.held && (input === this.held || (this.pressed && this.held === range))) continue
          const axis = input === width ? 1 : 0
          const [lowest, highest] = separate ? now.sides[axis] : [now.lowest, input === range ? now.highest : now.limit]
          set(input, "min", String(lowest))
          set(input, "max", String(highest))
          if (input === range) set(input, "step", String(now.step))
          set(input, "value", isWord ? "" : input === range ? String(values[0]) : now.refused?.[axis] ?? String(values[axis]))
        }
      },
    }
  }

  choice(card, control, label) {
    const select = make("select", { "aria-label": label, onchange: () => this.edit(card.place, control.field, control.numeric ? Number(select.value) : select.value) })
    const element = make("label", { class: "field" }, [make("span", { text: control.label }), select])
    return {
      element,
      inputs: [select],
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
    return { element: make("label", { class: "field" }, [make("span", { text: control.label }), box]), inputs: [box], fill: (now) => set(box, "checked", now.value) }
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
    // While an action is under way, the values may be older than the box.
    if (parts.apart && !this.actions.length && card.controls.some((control) => Array.isArray(control.value))) set(parts.apart, "checked", true)
    card.controls.forEach((control, index) => parts.controls[index].fill(control, parts.apart?.checked))
  }

  drawAdding(data) {
    const options = JSON.stringify(data.kinds)
    if (!this.kind || options !== this.options) {
      this.options = options
      this.kind = make("select", { "aria-label": "Kind of the new layer" }, data.kinds.map(([value, text]) => make("option", { value, text })))
      this.add = make("button", { type: "button", onclick: () => this.act({ kind: "add", place: this.addAt, word: this.kind.value }) })
      this.adding.replaceChildren(this.kind, this.add)
    }
    set(this.problem, "textContent", data.problem)
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
