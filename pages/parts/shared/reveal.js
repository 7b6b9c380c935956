// Scrolls to a part of the page after a click that has changed it, unless it is on the screen.

const GROWS_MS = 5000 // formulas, charts and opened folds get their height after they are drawn, on a slow machine late

const show = (element) => {
  const isAbove = element.getBoundingClientRect().top < 0
  element.scrollTop = 0 // a part may scroll by itself
  element.scrollIntoView({ block: isAbove ? "start" : "nearest" })
}

export default function ({ data }) {
  // The window keeps the number: whoever clicks before this script has loaded is shown the part as well.
  window.hw5Revealed ??= {}
  const before = window.hw5Revealed[data.part] ?? 0
  window.hw5Revealed[data.part] = data.times
  const element = document.querySelector(`.st-key-${data.part}`)
  if (before === data.times || !element) return
  const ended = new AbortController()
  const observer = new ResizeObserver(() => show(element)) // it reports the first size too
  for (const grows of [element, element.closest('[data-testid="stMainBlockContainer"]')]) grows && observer.observe(grows)
  const end = () => {
    observer.disconnect()
    ended.abort()
  }
  setTimeout(end, GROWS_MS)
  // Whatever the user does next comes first.
  const when = { capture: true, passive: true, signal: ended.signal }
  for (const acts of ["wheel", "touchmove", "pointerdown", "keydown"]) addEventListener(acts, end, when)
}
