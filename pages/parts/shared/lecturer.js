// Removes a parameter from the address without a new entry in the history, and asks for the page with the new address.

export default function ({ data, setTriggerValue }) {
  const url = new URL(location.href)
  if (!url.searchParams.has(data)) return
  url.searchParams.delete(data)
  history.replaceState(history.state, "", url)
  setTriggerValue("forgotten", true)
}
