// Streamlit's own history has entries between two pages that nobody has seen: the page that was left without its choices,
// and the next one before its own are back. Here a selection on a page has one entry, with the address at which it was left: who
// selects others on it enters another one, so that Back leads to those before. And who goes back twice at once is answered
// for the page on the way when already at the next: nothing is entered for it, which would lose all that lies ahead. After a
// step in the history only the menu leads to another page, and only what the reader does next enters a selection.
//
// A tab is known by a name, which changes with every session; the one before tells the server whose ledger goes on.

const push = window.history.pushState.bind(window.history)
const KEY = 'outcomes-session'
let left = ''
let stepped = false
let acted = false
let selecting = new Set()
let selected

// Whom an address selects, in whatever order it says so.
const selectionOf = (url) => JSON.stringify([...new URL(url, location.href).searchParams].filter(([key]) => selecting.has(key)).sort())

window.history.pushState = (state, unused, url) => {
  const to = new URL(url, location.href)
  if (to.pathname === location.pathname) {
    const isOther = acted && selected !== undefined && selectionOf(to) !== selected
    selected = selectionOf(to)
    return isOther ? push(state, unused, url) : window.history.replaceState(state, unused, url)
  }
  if (stepped) return
  if (left && new URL(left).pathname === location.pathname) window.history.replaceState(window.history.state, '', left)
  left = ''
  push(state, unused, url)
}

window.addEventListener('popstate', () => {
  stepped = true
  acted = false
  selected = selectionOf(location.href)
}, true)
for (const kind of ['pointerdown', 'keydown']) document.addEventListener(kind, () => { acted = true }, true)

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-testid^="stTopNav"], [data-testid^="stSidebarNav"]')) return
  left = location.href
  stepped = false
}, true)

// A link from page to page leaves the session only if it is asked to open elsewhere.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-testid="note-link"], a[data-turn]')
  const elsewhere = event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
  if (!link || elsewhere) return
  event.preventDefault()
  push({}, '', link.href)
  window.dispatchEvent(new PopStateEvent('popstate', { state: {} }))
  document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0)
})

// The section of the menu that the page stands in is marked, which Streamlit does for pages without one alone.
let section = ''
const watched = new MutationObserver(mark)
function mark() {
  for (const button of document.querySelectorAll('[data-testid="stTopNavSection"]')) {
    if (button.innerText.trim() === section) button.setAttribute('aria-current', 'true')
    else button.removeAttribute('aria-current')
  }
}

const base = document.querySelector('script[src*="/static/js/"]').src.split('/static/js/')[0]

export default function ({ data, setStateValue }) {
  import(`${base}/${data.terms}`).then(({ default: explain }) => explain(data.glossary))
  import(`${base}/${data.methods}`)
  section = data.section
  if (data.selecting.some((key) => !selecting.has(key))) {
    selecting = new Set(data.selecting)
    selected = selectionOf(location.href)
  }
  mark()
  const header = document.querySelector('[data-testid="stHeader"]')
  if (header) watched.observe(header, { childList: true, subtree: true })
  try {
    const before = sessionStorage.getItem(KEY) || ''
    // The name before is kept until the server has taken over from it: what it was told may have been lost on the way.
    if (!before || before === data.name || before === data.before) sessionStorage.setItem(KEY, data.name)
    else setStateValue('before', before)
  } catch {
    // Where a browser keeps nothing, a reload begins a new ledger.
  }
}
