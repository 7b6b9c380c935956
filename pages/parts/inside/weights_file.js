// A button that opens a file of weights and sends its content as base64.

class WeightsFile {
  constructor(root) {
    root.innerHTML = `<label>Load weights …<input type="file" accept=".safetensors" aria-label="Load weights from a
      safetensors file"></label><p class="problem" role="alert"></p>`
    this.problem = root.querySelector(".problem")
    this.input = root.querySelector("input")
    this.input.onchange = () => this.open(this.input.files[0])
  }

  show({ data, setTriggerValue }) {
    this.most = data.most_bytes
    this.send = (content) => setTriggerValue("file", content)
  }

  open(file) {
    if (!file) return
    const megabytes = (this.most / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })
    this.problem.textContent = file.size > this.most ? `The file has more than ${megabytes} MB. Try it in a terminal, with
      python -m hw5core predict.` : ""
    if (!this.problem.textContent) this.read(file)
    this.input.value = "" // the same file can be opened again
  }

  read(file) {
    const reader = new FileReader()
    reader.onload = () => this.send(reader.result.slice(reader.result.indexOf(",") + 1))
    reader.onerror = () => (this.problem.textContent = "The browser cannot read this file.")
    reader.readAsDataURL(file)
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".weights-file")
  root.weightsFile ??= new WeightsFile(root)
  root.weightsFile.show(component)
}
