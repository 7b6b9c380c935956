// The drawing of the network. A click on a block reports the number of its layer.

export default function ({ data, parentElement, setTriggerValue }) {
  const picture = parentElement.querySelector(".picture")
  if (picture.dataset.shown !== data.svg) {
    // The SVG contains numbers and words of the app only: nothing that a visitor typed reaches it.
    picture.innerHTML = picture.dataset.shown = data.svg
    const svg = picture.querySelector("svg")
    const natural = Number(svg.getAttribute("width"))
    svg.style.width = `max(${natural}px, min(100%, ${1.8 * natural}px))`
  }
  picture.onclick = (event) => {
    const block = event.target.closest("[data-layer]")
    if (block) setTriggerValue("picked", Number(block.dataset.layer))
  }
}
