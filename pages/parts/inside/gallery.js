// Some images, each a button that reports its place in the list.

const make = (tag, attributes, parent) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  parent.append(element)
  return element
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".gallery")
  list.onclick = ({ target }) => {
    const button = target.closest("button")
    if (button) setTriggerValue("opened", [...list.children].indexOf(button.parentElement))
  }
  const shown = JSON.stringify(data.images)
  if (list.dataset.shown === shown) return
  list.dataset.shown = shown
  list.replaceChildren()
  for (const [address, words, classes, confidence] of data.images) {
    const button = make("button", { title: words }, make("li", {}, list))
    make("img", { src: address, alt: words }, button)
    for (const line of [classes, confidence]) make("span", {}, button).textContent = line
  }
}
