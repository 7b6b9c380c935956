// Opens a file in the browser and sends its name and content as base64. A file that is too large stays here.

const base64 = (bytes) => {
  let text = ""
  for (let first = 0; first < bytes.length; first += 8192) text += String.fromCharCode(...bytes.subarray(first, first + 8192))
  return btoa(text)
}

const element = (tag, attributes) => Object.assign(document.createElement(tag), attributes)

class Field {
  constructor(root) {
    this.file = element("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv,text/plain" })
    this.text = element("span", {})
    this.label = element("label", {})
    this.label.append(this.text, this.file)
    this.name = element("span", { className: "name" })
    this.problem = element("p", { className: "problem" })
    this.problem.setAttribute("role", "alert")
    root.replaceChildren(this.label, this.name, this.problem)
    this.file.onchange = () => this.open(this.file.files[0])
  }

  show({ data, setTriggerValue }) {
    this.data = data
    this.send = setTriggerValue
    this.text.textContent = `${data.label} …`
    this.name.textContent = data.name
  }

  async open(file) {
    this.file.value = "" // the same file can be opened again
    this.problem.textContent = ""
    if (!file) return
    if (file.size > this.data.most_bytes) {
      const limit = Math.floor(this.data.most_bytes / 1000)
      this.problem.textContent = `${file.name} has more than ${limit} kB. Use the command in a terminal.`
      return
    }
    this.name.textContent = file.name
    this.send("file", { name: file.name, content: base64(new Uint8Array(await file.arrayBuffer())) })
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".field")
  root.field ??= new Field(root)
  root.field.show(component)
}
