// Words that the glossary explains: in each block of text the first of each kind can be pointed at, clicked, or reached by
// the keyboard and opened by Enter; Escape closes what it says. The words of a block are one stop of the tab key, with arrows
// between them. Those in the label of a choice and in the title of a fold, where nothing else may have the focus, are pointed
// at or clicked alone; a list at the end of the page has all of them. Marked once the browser is idle: no figure waits for it.

const BLOCKS = '[data-testid=stHtml], .forest thead, [data-testid=stWidgetLabel] p:not([data-testid=stCheckbox] p), [data-testid=stExpander] > details > summary p'
const STOPS = '[data-testid=stHtml], .forest'
const PRESSED = 'label, summary, [data-testid=stWidgetLabel]' // by a click on any of it
const SKIP = 'a, button, summary, h1, svg, style, script, input, dt, .outcomes-glossary, [role=img], .forest, [role=button], [role=dialog]'
const TOLD = '.outcomes-headlines > [title]:not([title=""]), th[title]:not([title=""])' // with a hint of its own
const DELAY = 300 // milliseconds that a pointer rests on a word first

const list = document.createElement('details')
list.className = 'outcomes-words'
list.innerHTML = '<summary></summary><dl class="outcomes-terms"></dl>'
list.addEventListener('toggle', listAll)

let pattern, spelled, terms, labels, asked, opened, timer, waiting
const base = document.querySelector('script[src*="/static/js/"]').src.split('/static/js/')[0]
const idle = window.requestIdleCallback || ((run) => setTimeout(run, 50))

const fold = (text) => text.replaceAll('\u2060', '').replaceAll('\u00a0', ' ').replaceAll('’', "'").toLowerCase()

function mark(block) {
  for (const link of block.querySelectorAll('a[href^="http"]')) Object.assign(link, { target: '_blank', rel: 'noopener' })
  const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT)
  const found = []
  const seen = new Set([...block.querySelectorAll('.outcomes-term')].map((word) => Number(word.dataset.term)))
  for (let text; (text = texts.nextNode());) {
    const skipped = text.parentElement.closest(SKIP)
    if (text.data.trim().length < 2 || (skipped && block !== skipped && block.contains(skipped))) continue
    for (const match of text.data.matchAll(pattern)) {
      const term = spelled[fold(match[0])]
      if (seen.has(term) || !terms[term]) continue
      seen.add(term)
      found.push([text, match.index, match[0].length, term])
    }
  }
  for (const [text, start, length, term] of found.reverse()) {
    const part = text.splitText(start)
    part.splitText(length)
    wrap(part, term)
  }
  for (const told of block.querySelectorAll(TOLD)) {
    const label = told.querySelector('span') || told
    if (label.textContent.trim() && !label.querySelector('.outcomes-term, button')) wrap(label.firstChild, '')
  }
}

function wrap(node, term) {
  const word = document.createElement('dfn')
  word.className = 'outcomes-term'
  word.dataset.term = term
  node.replaceWith(word)
  word.append(node)
  if (!word.closest(PRESSED)) Object.assign(word, { role: 'button', tabIndex: -1, ariaExpanded: 'false' })
}

const stopOf = (word) => word.closest(STOPS) || document.body

function markAll() {
  waiting = false
  for (const block of document.querySelectorAll(`[data-testid=stMain] :is(${BLOCKS}):not([data-told])`)) {
    block.dataset.told = ''
    mark(block)
  }
  const words = [...document.querySelectorAll('.outcomes-term[role]')]
  const stops = new Set(words.filter((word) => word.tabIndex === 0).map(stopOf))
  for (const word of words) {
    if (stops.has(stopOf(word))) continue
    word.tabIndex = 0
    stops.add(stopOf(word))
  }
  listAll()
  watched.takeRecords() // all of them its own
}

// Left and right between the words of a block; while presenting they turn the page.
function move(event) {
  const from = wordOf(event), by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!by || !from || document.querySelector('.outcomes-present.on')) return
  const words = [...stopOf(from).querySelectorAll('.outcomes-term[role]')]
  const to = words[words.indexOf(from) + by]
  event.preventDefault()
  if (!to) return
  for (const word of words) word.tabIndex = -1
  to.tabIndex = 0
  to.focus()
}

// What the words of the page mean, at its end.
function listAll() {
  const main = document.querySelector('[data-testid=stMainBlockContainer]')
  const found = [...new Set([...main.querySelectorAll('.outcomes-term')].map((word) => word.dataset.term))].filter(Boolean)
  if (list.parentElement !== main) main.append(list)
  list.hidden = !found.length || Boolean(main.querySelector('.outcomes-contents'))
  if (!list.open) return
  const told = found.map((term) => terms[term]).filter(Boolean).sort(([a], [b]) => a.localeCompare(b))
  list.lastChild.replaceChildren(...told.map((term) => {
    const entry = document.createElement('div')
    for (const [tag, said] of [['dt', term[0]], ['dd', term[1]]]) entry.append(Object.assign(document.createElement(tag), { textContent: said }))
    return entry
  }))
}

function soon() {
  if (!waiting) idle(markAll, { timeout: 1000 })
  waiting = true
}

function close() {
  clearTimeout(timer)
  if (opened?.said.isConnected) opened.said.hidePopover()
}

function open(word, byPointer) {
  close()
  const [name, meaning, source, own, anchor] = terms[word.dataset.term] || [word.textContent]
  const hinted = word.closest(TOLD)
  const hint = hinted?.title
  const said = document.createElement('div')
  Object.assign(said, { className: 'outcomes-meaning', popover: 'auto', role: 'dialog', ariaLabel: name, id: 'outcomes-meaning' })
  const part = (tag, text) => said.appendChild(Object.assign(document.createElement(tag), { textContent: text }))
  part('b', name)
  if (hint) part('p', hint)
  if (hinted) hinted.removeAttribute('title') // which the browser would show beside it
  if (meaning) {
    part('p', meaning)
    part('small', '').innerHTML = source
    for (const link of said.querySelectorAll('a')) Object.assign(link, { target: '_blank', rel: 'noopener' })
    const links = said.appendChild(document.createElement('nav'))
    const ways = [[labels[1], `glossary${location.search}#${own}`], [labels[2], anchor && `methods${location.search}#${anchor}`]]
    for (const [text, to] of ways) {
      if (!to) continue
      const link = links.appendChild(Object.assign(document.createElement('a'), { textContent: text, href: `${base}/${to}` }))
      link.dataset.testid = 'note-link'
    }
  }
  const look = getComputedStyle(document.querySelector('.stApp'))
  Object.assign(said.style, { backgroundColor: look.backgroundColor, color: look.color })
  const label = word.closest('label, [data-testid=stWidgetLabel]')
  ;(label || word).after(said)
  if (word.closest('summary')) said.onclick = (event) => { if (!event.target.closest('a')) event.preventDefault() }
  opened = { word, said, byPointer }
  said.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return
    if (word.role) word.ariaExpanded = 'false'
    word.removeAttribute('aria-describedby')
    if (hint) hinted.title = hint
    said.remove()
    if (opened?.said === said) opened = undefined
  })
  said.showPopover()
  if (word.role) word.ariaExpanded = 'true'
  word.setAttribute('aria-describedby', said.id)
  const at = word.getClientRects()[0]
  const box = said.getBoundingClientRect()
  const left = Math.max(8, Math.min(at.left, innerWidth - box.width - 8))
  const below = at.bottom + 4
  said.style.left = `${left}px`
  said.style.top = `${below + box.height > innerHeight - 8 ? Math.max(8, at.top - box.height - 4) : below}px`
}

function toggle(word) {
  if (opened?.word === word && !opened.byPointer) close()
  else if (opened?.word === word) opened.byPointer = false
  else open(word, false)
}

const wordOf = (event) => event.target.closest?.('.outcomes-term')

document.addEventListener('click', (event) => {
  const word = wordOf(event)
  if (!word) return
  event.preventDefault()
  if (word.closest(PRESSED)) event.stopPropagation()
  toggle(word)
}, true)
document.addEventListener('keydown', (event) => {
  move(event)
  if (!wordOf(event) || (event.key !== 'Enter' && event.key !== ' ')) return
  event.preventDefault()
  toggle(wordOf(event))
})
document.addEventListener('pointerover', (event) => {
  if (event.pointerType !== 'mouse') return
  const word = wordOf(event)
  clearTimeout(timer)
  if (word && opened?.word !== word) timer = setTimeout(() => { if (!opened || opened.byPointer) open(word, true) }, DELAY)
  else if (!word && opened?.byPointer && !opened.said.contains(event.target)) timer = setTimeout(close, DELAY)
})
document.addEventListener('scroll', (event) => { if (opened && !opened.said.contains(event.target)) close() }, true)

const watched = new MutationObserver((changes) => {
  for (const { target, addedNodes } of changes) {
    if (!addedNodes.length || target.namespaceURI !== document.documentElement.namespaceURI) continue
    if (target.dataset.told === '') delete target.dataset.told
    soon()
  }
})

// The glossary as JSON, or where it is served; another one, as in another language, takes the place of the one before.
export default async function (given) {
  if (asked === given) return
  asked = given
  const glossary = given.startsWith('{') ? JSON.parse(given) : await (await fetch(`${base}/${given}`)).json()
  if (asked !== given) return
  close()
  ;({ spelled, terms, labels } = glossary)
  list.firstChild.textContent = labels[0]
  pattern = new RegExp(glossary.pattern, 'g')
  watched.observe(document.querySelector('[data-testid=stMain]') || document.body, { childList: true, subtree: true })
  soon()
}
