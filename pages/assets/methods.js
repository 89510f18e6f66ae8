// The methods page and the glossary: what is typed leaves the entries that have it, and a link to an entry opens it and goes there.

const ENTRIES = '.outcomes-entry, .outcomes-table tbody tr, .outcomes-note'
let wanted = location.hash.slice(1)

function go() {
  const entry = wanted && document.getElementById(decodeURIComponent(wanted))
  if (!entry || !document.querySelector('.outcomes-contents')) return
  wanted = ''
  if (entry.tagName === 'DETAILS') entry.open = true
  // What stands above may still be on its way.
  for (const wait of [0, 300, 1000]) setTimeout(() => entry.scrollIntoView({ block: 'start' }), wait)
}

const say = (field, n) => field.dataset.counted?.replace('{n}', n) || `${n} ${n === 1 ? 'entry' : 'entries'}`

function search(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean)
  const main = field.closest('[data-testid=stMain]')
  let n = 0
  let titles = []
  for (const entry of main.querySelectorAll(`h2, h3, ${ENTRIES}`)) {
    if (entry.matches('h2, h3')) {
      // The title of a section stays in sight over that of a part of it.
      titles = entry.tagName === 'H2' ? [entry] : [...titles.filter((title) => title.tagName === 'H2'), entry]
      entry.hidden = words.length > 0
      continue
    }
    const text = words.length ? entry.textContent.replaceAll('\u2060', '').toLowerCase() : ''
    entry.hidden = !words.every((word) => text.includes(word))
    if (entry.hidden) continue
    n += 1
    for (const title of titles) title.hidden = false
  }
  for (const table of main.querySelectorAll('.outcomes-scroll')) table.hidden = !table.querySelector('tbody tr:not([hidden])')
  field.parentElement.querySelector('[role=status]').textContent = words.length ? say(field, n) : ''
}

document.addEventListener('input', (event) => { if (event.target.matches('.outcomes-contents input')) search(event.target) })
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href*="#"]')
  if (!link) return
  wanted = new URL(link.href).hash.slice(1)
  if (link.getAttribute('href').startsWith('#')) setTimeout(go)
}, true)
window.addEventListener('hashchange', () => { wanted = location.hash.slice(1); go() })
new MutationObserver(() => { if (wanted) go() }).observe(document.body, { childList: true, subtree: true })
go()
