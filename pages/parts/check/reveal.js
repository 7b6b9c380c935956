// Scrolls to the result after answers were handed in, if it is not on the screen: on a phone it is below the form.

export default function ({ data }) {
  // The window keeps the number: whoever clicks before this script has loaded is shown the result as well.
  const before = window.hw5HandedIn ?? 0
  window.hw5HandedIn = data.handed_in
  if (before === data.handed_in) return
  const result = document.querySelector(".st-key-check-result")
  const top = result.getBoundingClientRect().top
  if (top < 0 || top > innerHeight / 2) result.scrollIntoView({ block: "start" })
}
