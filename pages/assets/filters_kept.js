// Selections that were named. They stay in this browser; nothing of a patient is in them, only what was asked.

const KEPT = 'outcomes-cohorts'
const NAMED = '#cohort=' // a link may bring a name with its selection
const VERSUS = 'versus' // the parameter of the other selection, which holds the query of a link
const REGISTRY = 'registry' // the parameter that makes it one of the file of the start
const APART = 'apart' // the parameter that leaves those in both out of either
const ALSO = 'also' // those of what is asked of other selections: to be in each,
const EITHER = 'either' // in one of them at least,
const WITHOUT = 'without' // or in none
const COMBINED = { [ALSO]: 'Also', [EITHER]: 'Either', [WITHOUT]: 'Without' }
const JOINS = { and: 'Narrow to those who are in this one as well', or: 'Add those of this one', not: 'Leave out those of this one' }
const EVERYONE = 'everyone'
const LONGEST_NAME = 60
const queryOf = (value) => String(new URLSearchParams(Object.entries(value).flatMap(([key, texts]) => texts.map((text) => [key, text])))) || EVERYONE
const sameQuery = (a, b) => {
  const sorted = (query) => JSON.stringify([...new URLSearchParams(query)].sort())
  return sorted(a) === sorted(b)
}

const Keeping = {
  readKept() {
    try {
      const found = JSON.parse(localStorage.getItem(KEPT) ?? '[]')
      return Array.isArray(found) ? found.filter((one) => typeof one?.name === 'string' && one.value && typeof one.value === 'object') : []
    } catch {
      return []
    }
  },

  writeKept(kept) {
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept))
      this.parts.problem.hidden = true
    } catch {
      this.parts.problem.textContent = 'This browser keeps nothing here: copy the link of the selection instead.'
      this.parts.problem.hidden = false
    }
    this.paintKept()
  },

  keep(name, value) {
    this.writeKept([...this.readKept().filter((one) => one.name !== name), { name, value }])
  },

  // What is asked of this selection, and what of the one beside it.
  parted() {
    const { [VERSUS]: versus, [REGISTRY]: registry, [APART]: apart, ...own } = structuredClone(this.value)
    return { own, beside: { ...(versus && { [VERSUS]: versus }), ...(registry && { [REGISTRY]: registry }), ...(apart && { [APART]: apart }) } }
  },

  // A link that names its selection brings it along.
  welcome() {
    const { hash } = window.location
    if (!hash.startsWith(NAMED)) return
    let name = ''
    try { name = decodeURIComponent(hash.slice(NAMED.length)).trim().slice(0, LONGEST_NAME) } catch { /* no name that can be read */ }
    const known = this.readKept().find((one) => one.name === name)
    const { own } = this.parted()
    if (name && Object.keys(own).length && !known) this.keep(name, own)
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
  },

  save(event) {
    event.preventDefault()
    const name = this.parts.name.value.trim()
    if (!name) return this.parts.name.focus()
    const { own } = this.parted()
    this.keep(name, own)
    this.parts.name.value = ''
  },

  paintKept() {
    this.paintStart()
    const kept = this.readKept()
    const { own, beside: { [VERSUS]: [versus] = [] } } = this.parted()
    const isEveryone = !Object.keys(own).length
    const html = kept.map(({ name, value }, i) => {
      const said = escaped(name)
      const joins = this.data.compares ? Object.entries(JOINS).map(([word, about]) => `<button type="button" data-item data-do="${word}" data-at="${i}"
        aria-disabled="${word === 'or' && isEveryone}" aria-label="${word} ${said}" title="${about}">${word}</button>`).join('') : ''
      return `<div data-roving role="group" aria-label="${said}"><button type="button" data-item data-do="apply" data-at="${i}"
        aria-pressed="${same(value, own)}">${said}</button>${joins}${this.data.compares ? `<button type="button" data-item data-do="compare" data-at="${i}"
        aria-pressed="${Boolean(versus) && sameQuery(queryOf(value), versus)}" aria-label="Compare with ${said}">compare</button>` : ''}<button type="button" data-item data-do="copy" data-at="${i}"
        aria-label="Copy the link of ${said}">link</button><button type="button" data-item data-do="forget" data-at="${i}"
        aria-label="Forget ${said}">×</button></div>`
    }).join('')
    this.parts.kept.querySelector('.of-set').textContent = kept.length ? String(kept.length) : ''
    if (this.parts.list.dataset.html === html) return
    const had = this.parts.list.contains(document.activeElement)
    this.parts.list.innerHTML = html
    this.parts.list.dataset.html = html
    for (const group of this.parts.list.children) this.rove(group)
    if (had) this.parts.name.focus()
  },

  do_apply(button) {
    const { value } = this.readKept()[Number(button.dataset.at)]
    this.ask({ ...structuredClone(value), ...this.parted().beside })
  },

  // The file of the start beside the reader's own: of the same selection, until another one is compared with.
  paintStart() {
    const { start } = this.parts
    start.hidden = !this.told?.start
    start.textContent = `Compare with ${this.told?.start}`
    start.setAttribute('aria-pressed', String(Boolean(this.value[REGISTRY])))
  },

  do_start() {
    const { own, beside } = this.parted()
    this.ask(beside[REGISTRY] ? own : { ...own, [REGISTRY]: ['1'] })
  },

  do_compare(button) {
    const value = structuredClone(this.value)
    if (button.getAttribute('aria-pressed') === 'true') {
      delete value[VERSUS]
      delete value[APART]
    } else value[VERSUS] = [queryOf(this.readKept()[Number(button.dataset.at)].value)]
    this.ask(value)
  },

  // The open selection becomes those of it and of a named one (also), of either, or of it alone (without).
  join(key, button) {
    const { own, beside } = this.parted()
    const text = queryOf(this.readKept()[Number(button.dataset.at)].value)
    if (key === EITHER) this.ask({ [EITHER]: [queryOf(own), text], ...beside })
    else this.ask({ ...own, [key]: [...(own[key] ?? []), text], ...beside })
  },

  do_and(button) { this.join(ALSO, button) },
  do_or(button) { this.join(EITHER, button) },
  do_not(button) { this.join(WITHOUT, button) },

  // What is asked of other selections: the parameter, which of its texts, and the words for it.
  combined() {
    return Object.entries(COMBINED).flatMap(([key, word]) => {
      const names = (this.value[key] ?? []).map((text) => this.nameOf(text))
      if (key === EITHER) return names.length ? [{ key, words: `${word}: ${names.join(' or ')}` }] : []
      return names.map((name, at) => ({ key, at, words: `${word}: ${name}` }))
    })
  },

  // What a selection is called here, by what it asks for.
  nameOf(query) {
    return this.readKept().find((one) => sameQuery(queryOf(one.value), query))?.name ?? this.told?.said?.[query] ?? 'another selection'
  },

  do_forget(button) {
    this.writeKept(this.readKept().filter((_, i) => i !== Number(button.dataset.at)))
  },

  async do_copy(button) {
    const { name, value } = this.readKept()[Number(button.dataset.at)]
    const link = `${window.location.origin}${window.location.pathname}?${queryOf(value)}${NAMED}${encodeURIComponent(name)}`
    try {
      await navigator.clipboard.writeText(link)
      button.textContent = 'copied'
    } catch {
      this.parts.problem.textContent = link // to be copied by hand, where the browser does not let a page
      this.parts.problem.hidden = false
    }
  },
}
