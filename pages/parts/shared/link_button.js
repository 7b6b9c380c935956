// Copies the address. Browsers offer the clipboard to secure pages only; elsewhere the old command works.

const SHOWN_MS = 2000

const copy = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = document.createElement("textarea")
  field.value = text
  document.body.append(field)
  field.select()
  document.execCommand("copy")
  field.remove()
}

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button")
  const status = parentElement.querySelector("span")
  button.onclick = async () => {
    await copy(location.href)
    button.textContent = "Copied"
    status.textContent = "The link to this view has been copied."
    setTimeout(() => { button.textContent = "Copy link"; status.textContent = "" }, SHOWN_MS)
  }
}
