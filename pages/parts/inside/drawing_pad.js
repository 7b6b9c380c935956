// A pad for drawing with a mouse, a pen or a finger. When the pen goes up, the drawing is sent as grey levels.
// A picture is sent as its file. One that is too large for that is made smaller here first.

const PAPER = 336 // the side of the canvas in its own pixels
const PEN = 26, RUBBER = 56
const MAX_FILE = 20_000_000
const SMALLER = 500 // the longest side of a picture that was made smaller

const make = (tag, attributes, children = []) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

const base64 = (bytes) => {
  let text = ""
  for (let first = 0; first < bytes.length; first += 8192) text += String.fromCharCode(...bytes.subarray(first, first + 8192))
  return btoa(text)
}

class Pad {
  constructor(root) {
    this.canvas = make("canvas", { width: PAPER, height: PAPER, role: "img", "aria-label": "Drawing pad" })
    this.hint = make("div", { class: "hint", "aria-hidden": "true" }, [])
    this.rubber = make("button", { type: "button", "aria-pressed": "false" }, ["Eraser"])
    this.clear = make("button", { type: "button" }, ["Clear"])
    this.test = make("button", { type: "button" }, ["Next test image"])
    this.file = make("input", { type: "file", accept: "image/*" })
    this.open = make("label", { class: "open" }, ["Open a picture …", this.file])
    this.seen = make("canvas", { class: "seen", role: "img", "aria-label": "The image as the networks see it" })
    this.caption = make("figcaption", {})
    this.problem = make("p", { class: "problem", role: "alert" })
    root.replaceChildren(
      make("div", { class: "paper" }, [this.canvas, this.hint]),
      make("figure", {}, [this.seen, this.caption]),
      make("div", { class: "bar" }, [this.rubber, this.clear, this.open, this.test]),
      this.problem,
    )
    this.pen = this.canvas.getContext("2d", { willReadFrequently: true })
    this.pen.lineCap = this.pen.lineJoin = "round"
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event))
    this.canvas.addEventListener("pointermove", (event) => this.move(event))
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, (event) => this.end(event))
    this.rubber.onclick = () => this.erase(this.rubber.ariaPressed !== "true")
    this.clear.onclick = () => this.empty(true)
    this.test.onclick = () => this.takeTestImage()
    this.file.onchange = () => this.openPicture(this.file.files[0])
  }

  show({ data, setTriggerValue }) {
    this.data = data
    this.send = (kind, value) => setTriggerValue(kind, value)
    this.hint.textContent = `Draw a ${data.thing} here`
    this.file.setAttribute("aria-label", `Open a picture of a ${data.thing}`)
    // A new connection to the server and a race on another dataset start without a drawing, and the pad still has one.
    if (!data.is_chosen && this.last && this.wasChosen) this.send(...this.last)
    this.wasChosen = data.is_chosen
    this.caption.textContent = data.words
    if (this.shown !== data.seen) this.drawSeen(data)
  }

  drawSeen({ seen, seen_side: side }) {
    this.shown = seen
    this.seen.width = this.seen.height = side
    const pixels = Uint8ClampedArray.from(atob(seen), (one) => one.charCodeAt(0))
    const image = new ImageData(side, side)
    pixels.forEach((level, index) => image.data.set([level, level, level, 255], 4 * index))
    this.seen.getContext("2d").putImageData(image, 0, 0)
  }

  // Strokes

  at(event) {
    const box = this.canvas.getBoundingClientRect()
    return [((event.clientX - box.left) / box.width) * PAPER, ((event.clientY - box.top) / box.height) * PAPER]
  }

  begin(event) {
    if (this.pointer !== undefined || event.button) return
    event.preventDefault()
    this.pointer = event.pointerId
    this.canvas.setPointerCapture(event.pointerId)
    this.place = this.at(event)
    this.line(this.place) // a click makes a dot
  }

  move(event) {
    if (event.pointerId !== this.pointer) return
    for (const one of event.getCoalescedEvents?.() ?? [event]) this.line(this.at(one))
    this.line(this.at(event))
  }

  line(to) {
    const isRubber = this.rubber.ariaPressed === "true"
    this.pen.globalCompositeOperation = isRubber ? "destination-out" : "source-over"
    this.pen.lineWidth = isRubber ? RUBBER : PEN
    this.pen.strokeStyle = "#14202b"
    this.pen.beginPath()
    this.pen.moveTo(...this.place)
    this.pen.lineTo(...to)
    this.pen.stroke()
    this.place = to
    this.hint.hidden = true
  }

  end(event) {
    if (event.pointerId !== this.pointer) return
    this.pointer = undefined
    this.problem.textContent = ""
    const grey = this.greyLevels()
    if (grey.some((level) => level > 0)) this.report("drawing", base64(grey))
    else this.empty(true)
  }

  greyLevels() {
    const { side } = this.data
    const small = make("canvas", { width: side, height: side }).getContext("2d")
    small.imageSmoothingQuality = "high"
    small.drawImage(this.canvas, 0, 0, side, side)
    // The paper is transparent, so what is opaque is ink.
    return small.getImageData(0, 0, side, side).data.filter((_, index) => index % 4 === 3)
  }

  report(kind, value) {
    this.last = value ? [kind, value] : undefined
    this.send(kind, value)
  }

  erase(on) {
    this.rubber.ariaPressed = String(on)
    this.rubber.setAttribute("aria-pressed", String(on))
  }

  empty(isReported) {
    this.pen.clearRect(0, 0, PAPER, PAPER)
    this.erase(false)
    this.hint.hidden = false
    this.problem.textContent = ""
    if (isReported) this.report("drawing", "")
  }

  // Pictures

  takeTestImage() {
    this.empty(false)
    this.last = undefined
    this.send("test", true)
  }

  async openPicture(file) {
    this.file.value = "" // the same file can be opened again
    if (!file) return
    this.empty(false)
    try {
      if (file.size > MAX_FILE) throw new Error("The picture has more than 20 MB. Make it smaller, or crop it.")
      const content = file.size > this.data.most_bytes ? await this.smaller(file) : file
      this.report("picture", base64(new Uint8Array(await content.arrayBuffer())))
    } catch (error) {
      this.problem.textContent = error.message
    }
  }

  async smaller(file) {
    let picture
    try {
      picture = await createImageBitmap(file)
    } catch {
      throw new Error("The picture cannot be read: it is damaged or incomplete, or it is no picture.")
    }
    const scale = Math.min(1, SMALLER / Math.max(picture.width, picture.height))
    const canvas = make("canvas", { width: Math.ceil(picture.width * scale), height: Math.ceil(picture.height * scale) })
    const context = canvas.getContext("2d")
    context.imageSmoothingQuality = "high"
    context.drawImage(picture, 0, 0, canvas.width, canvas.height)
    picture.close()
    return new Promise((done) => canvas.toBlob(done, "image/png"))
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".pad")
  root.pad ??= new Pad(root)
  root.pad.show(component)
}
