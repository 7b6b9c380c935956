// A table whose cells stay the same elements: during a drag, only the texts that changed are written.

const set = (element, name, value) => {
  if (element[name] !== value) element[name] = value
}

const fill = (row, tag, words, columns) => {
  while (row.cells.length > words.length) row.lastChild.remove()
  while (row.cells.length < words.length) row.append(document.createElement(tag))
  words.forEach((word, place) => {
    set(row.cells[place], "textContent", word)
    set(row.cells[place], "className", columns[place])
  })
}

const drawHead = (table, columns, titles) => {
  const row = table.tHead.rows[0] ?? table.tHead.insertRow()
  fill(row, "th", titles, columns)
  for (const cell of row.cells) set(cell, "scope", "col")
}

const drawBody = (table, columns, rows) => {
  const body = table.tBodies[0]
  while (body.rows.length > rows.length) body.deleteRow(-1)
  while (body.rows.length < rows.length) body.insertRow()
  rows.forEach(({ kind, words }, place) => {
    set(body.rows[place], "className", kind)
    fill(body.rows[place], "td", words, columns)
  })
}

// A layer that was selected in the editor next to the table may be in a row outside the window.
const revealSelection = (table) => {
  const row = table.querySelector("tr.selected")
  const selected = row ? row.rowIndex : -1
  const inEditor = document.activeElement?.closest(".st-key-layers")
  if (row && inEditor && selected !== table.selected) row.scrollIntoView({ block: "nearest" })
  table.selected = selected
}

export default function ({ data, parentElement }) {
  const table = parentElement.querySelector("table")
  drawHead(table, data.columns, data.titles)
  drawBody(table, data.columns, data.rows)
  revealSelection(table)
}
