// Some images, each a button that reports its place in the list. Another view then shows the image: it starts higher up.

const SLIDER = "11rem" // the height of what stays at the top of the page: the menu and the slider

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
    if (!button) return
    setTriggerValue("opened", [...list.children].indexOf(button.parentElement))
    const views = document.querySelector(".st-key-views")
    views.style.scrollMarginTop = SLIDER
    views.scrollIntoView()
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
