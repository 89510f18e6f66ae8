"""What needs the browser: a table whose rows can be clicked, buttons that save and copy, and what belongs to the tab."""

from __future__ import annotations

import streamlit as st

FOREST_JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector('.forest-box')
  if (box.dataset.drawn !== data.html) {
    box.innerHTML = data.html
    box.dataset.drawn = data.html
    box.setAttribute('aria-label', data.alt)
  }
  const choose = (event) => {
    const row = event.target.closest('[role="button"][data-variable]')
    if (!row || (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ')) return
    event.preventDefault()
    setTriggerValue('reference', { variable: row.dataset.variable, level: row.dataset.level })
  }
  box.onclick = choose
  box.onkeydown = choose
}
"""

# The saved picture is made of the layers that the browser has drawn, on the page's own background, with the lines that
# say whom it shows beneath it.
TOOLBAR_JS = """
const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'})[c])

function wrapped(text, longest) {
  const lines = ['']
  for (const word of text.split(' ')) {
    if ((lines[lines.length - 1] + ' ' + word).length > longest) lines.push(word)
    else lines[lines.length - 1] = (lines[lines.length - 1] + ' ' + word).trim()
  }
  return lines
}

// A click on the legend hides a curve on this screen alone: counts, tests and tables are still those of all groups, so
// that the file has to say what is not to be seen in it.
function hidden(plot) {
  const out = (plot._fullData || []).filter((trace) => trace.visible === 'legendonly' && trace.showlegend)
  const names = [...new Set(out.map((trace) => trace.name.replaceAll('<br>', ' ')))]
  return names.length ? [`Hidden in this picture by a click on its legend, and counted all the same: ${names.join('; ')}.`] : []
}

function drawn(data) {
  if (data.svg) return data.svg
  const plot = document.querySelector('[data-testid="stPlotlyChart"] .js-plotly-plot')
  if (!plot) return ''
  const { width, height } = plot.getBoundingClientRect()
  const app = getComputedStyle(document.querySelector('[data-testid="stApp"]'))
  const layers = [...plot.querySelectorAll('svg.main-svg')].map((layer) => {
    const copy = layer.cloneNode(true)
    const inks = [...layer.querySelectorAll('text')].map((text) => getComputedStyle(text).fill)
    copy.querySelectorAll('text').forEach((text, i) => { text.style.fill = inks[i] })
    copy.querySelectorAll('.hoverlayer').forEach((part) => part.remove())
    return new XMLSerializer().serializeToString(copy)
  })
  const said = [...data.lines.slice(0, 1), ...hidden(plot), ...data.lines.slice(1)]
  const lines = said.flatMap((line) => wrapped(line, Math.floor(width / 6)))
  const foot = lines.map((line, i) =>
    `<text x="10" y="${height + 18 + 15 * i}" font-size="11" font-weight="${i ? 400 : 600}">${escaped(line)}</text>`)
  const tall = Math.ceil(height + 24 + 15 * lines.length)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${tall}" ` +
    `viewBox="0 0 ${Math.ceil(width)} ${tall}" font-family="${escaped(app.fontFamily).replace(/&quot;/g, "'")}" ` +
    `fill="${app.color}"><rect width="100%" height="100%" fill="${app.backgroundColor}"/>` +
    layers.join('') + foot.join('') + '</svg>'
}

function save(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

function savePng(svg, name) {
  const image = new Image()
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml;charset=utf-8' }))
  image.onload = () => {
    const canvas = document.createElement('canvas')
    canvas.width = 2 * image.width
    canvas.height = 2 * image.height
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
    canvas.toBlob((blob) => save(blob, name), 'image/png')
    URL.revokeObjectURL(address)
  }
  image.src = address
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Without a secure connection browsers offer no clipboard; selecting a field and copying still works.
    const field = document.createElement('textarea')
    field.value = text
    document.body.append(field)
    field.select()
    document.execCommand('copy')
    field.remove()
  }
}

export default function ({ parentElement, data }) {
  const button = (name) => parentElement.querySelector(`[data-action="${name}"]`)
  button('copy').dataset.link = data.link
  button('copy').onclick = async () => {
    await copy(data.link)
    button('copy').textContent = 'Link copied'
    setTimeout(() => { button('copy').textContent = 'Copy link' }, 2000)
  }
  button('svg').hidden = button('png').hidden = !data.stem
  button('svg').onclick = () => save(new Blob([drawn(data)], { type: 'image/svg+xml' }), `${data.stem}.svg`)
  button('png').onclick = () => savePng(drawn(data), `${data.stem}.png`)
}
"""

TOOLBAR_HTML = """<div class="bar"><button type="button" data-action="copy">Copy link</button>
<button type="button" data-action="svg">Figure: SVG</button>
<button type="button" data-action="png">Figure: PNG</button></div>"""

TOOLBAR_CSS = """
.bar {display: flex; flex-wrap: wrap; gap: .4rem}
button {font: inherit; font-size: .85rem; padding: .25rem .7rem; cursor: pointer; border-radius: .3rem;
  color: var(--st-text-color); background: var(--st-background-color); border: 1px solid var(--st-border-color)}
button:hover, button:focus-visible {border-color: var(--st-primary-color); color: var(--st-link-color)}
"""

# Streamlit's own history has entries between two pages that nobody has seen: the page that was left without its choices,
# and the next one before its own are back. Here a page has one entry, with the address at which it was left. And who goes
# back twice at once is answered for the page on the way when already at the next: nothing is entered for it, which would
# lose all that lies ahead. After a step in the history only the menu leads to another page.
#
# A tab is known by a name, which changes with every session; the one before tells the server whose ledger goes on.
TAB_JS = """
const push = window.history.pushState.bind(window.history)
const KEY = 'outcomes-session'
let left = ''
let stepped = false

window.history.pushState = (state, unused, url) => {
  const to = new URL(url, location.href)
  if (to.pathname === location.pathname) return window.history.replaceState(state, unused, url)
  if (stepped) return
  if (left && new URL(left).pathname === location.pathname) window.history.replaceState(window.history.state, '', left)
  left = ''
  push(state, unused, url)
}

window.addEventListener('popstate', () => { stepped = true }, true)

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-testid^="stTopNav"], [data-testid^="stSidebarNav"]')) return
  left = location.href
  stepped = false
}, true)

// A link from page to page leaves the session only if it is asked to open elsewhere.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-testid="note-link"]')
  const elsewhere = event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
  if (!link || elsewhere) return
  event.preventDefault()
  push({}, '', link.href)
  window.dispatchEvent(new PopStateEvent('popstate', { state: {} }))
  document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0)
})

export default function ({ data, setStateValue }) {
  try {
    const before = sessionStorage.getItem(KEY) || ''
    // The name before is kept until the server has taken over from it: what it was told may have been lost on the way.
    if (!before || before === data.name || before === data.before) sessionStorage.setItem(KEY, data.name)
    else setStateValue('before', before)
  } catch {
    // Where a browser keeps nothing, a reload begins a new ledger.
  }
}
"""

FOREST = st.components.v2.component(
    "outcomes_forest", html='<div class="forest-box" role="group"></div>', js=FOREST_JS, isolate_styles=False
)
TOOLBAR = st.components.v2.component("outcomes_toolbar", html=TOOLBAR_HTML, css=TOOLBAR_CSS, js=TOOLBAR_JS)
TAB = st.components.v2.component("outcomes_tab", html="<span hidden></span>", js=TAB_JS)
