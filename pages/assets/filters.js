// All filters of the sidebar. What they are is built once; each run then tells what they say, and how many are left.
// `value` is what the link says: texts under the names of the variables, a range as its two limits.
//
// A click is shown at once and sent with the number of its step. An answer to an older step is not taken, so that it cannot
// undo a newer click; one of a newer step comes from elsewhere (a picture, Back), and can be undone here like a click.

const MISSING = '_missing'
const STEP_MS = 350 // a limit that is stepped by the keyboard is asked for when it rests
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
const boxes = new WeakMap()

// What is said to who cannot see it stands outside the sidebar, which may be folded away.
function findStatus() {
  let status = document.getElementById('outcomes-status')
  if (!status) {
    status = Object.assign(document.createElement('p'), { id: 'outcomes-status', className: 'of-sr' })
    status.setAttribute('role', 'status')
    document.body.append(status)
  }
  return status
}

const past = []
const future = []

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector('.outcomes-filters')
  if (!root) return
  let box = boxes.get(root)
  if (!box || !same(box.data, data)) {
    box?.leave()
    box = new Filters(root, data)
    boxes.set(root, box)
  }
  box.send = (value, step) => setStateValue('filters', { value, step })
  box.hear()
  return () => box.leave()
}

class Filters {
  constructor(root, data) {
    this.root = root
    this.data = data
    this.value = {}
    this.step = -1
    this.listening = new AbortController() // other patients bring other filters into the same place
    this.schemes = new Map()
    this.families = data.phases.flatMap((phase) => phase.families)
    this.members = this.families.flatMap((family) => family.members)
    root.innerHTML = this.html()
    const find = (css) => root.querySelector(css)
    this.parts = {
      top: find('.of-top'), left: find('.of-left'), chips: find('.of-chips'), search: find('input[type=search]'),
      clash: find('.of-clash'), none: find('.of-none'), close: find('.of-close'),
      start: find('.of-start'), kept: find('.of-kept'), name: find('.of-name'), list: find('.of-list'), problem: find('.of-problem'),
      undo: find('[data-do=undo]'), redo: find('[data-do=redo]'), clear: find('[data-do=clear]'),
    }
    for (const member of this.members) {
      member.box = find(`[data-variable="${CSS.escape(member.name)}"]`)
      member.buttons = [...member.box.querySelectorAll('[data-text]')]
      member.fields = [...member.box.querySelectorAll('input')]
      member.thumbs = [...member.box.querySelectorAll('.of-thumb')]
      member.bars = [...member.box.querySelectorAll('rect')]
      member.keep = member.box.querySelector('[data-keep]')
    }
    for (const family of this.families) family.box = find(`[data-family="${CSS.escape(family.members[0].name)}"]`)
    this.phases = [...root.querySelectorAll('.of-phase')]
    for (const group of root.querySelectorAll('[data-roving]')) this.rove(group)
    root.querySelector('.of-naming').addEventListener('submit', (event) => this.save(event))
    for (const kind of ['click', 'keydown', 'focusin', 'input', 'change', 'pointerdown']) {
      root.addEventListener(kind, (event) => this[kind](event), { signal: this.listening.signal })
    }
    // On a phone the filters lie over the page as a sheet, which this button opens.
    this.opener = Object.assign(document.createElement('button'), { type: 'button', className: 'of-open' })
    this.opener.onclick = () => {
      document.querySelector('[data-testid="stExpandSidebarButton"]')?.click()
      setTimeout(() => root.scrollIntoView({ block: 'start' }), 300) // once it has come in
    }
    document.querySelector('[data-testid="stApp"]')?.append(this.opener)
    this.heard = () => this.hear()
    window.addEventListener('outcomes-filters', this.heard)
  }

  leave() {
    window.removeEventListener('outcomes-filters', this.heard)
    this.listening.abort()
    this.opener.remove()
  }

  // What there is

  html() {
    const phases = this.data.phases.map((phase) => `
      <details class="of-phase" ${phase.open ? 'open' : ''}><summary><span>${escaped(phase.name)}</span>
      <span class="of-set"></span></summary>${phase.families.map((family) => this.familyHtml(family)).join('')}</details>`)
    return `<div class="of-top">
      <div class="of-line"><p class="of-left"></p><div class="of-do" role="toolbar" aria-label="All filters" data-roving>
        <button type="button" data-do="undo" data-item aria-label="Undo" title="Undo">↶</button>
        <button type="button" data-do="redo" data-item aria-label="Redo" title="Redo">↷</button>
        <button type="button" data-do="clear" data-item aria-label="Clear all filters" title="Clear all filters">Clear</button>
      </div></div>
      <div class="of-chips" role="toolbar" aria-label="Active filters" data-roving></div>
      <p class="of-clash" hidden></p>
      <input type="search" placeholder="Find a filter" aria-label="Find a filter or a level">
    </div>
    <button type="button" class="of-start" data-do="start" aria-pressed="false" hidden></button>
    <details class="of-kept"><summary><span>Saved cohorts</span><span class="of-set"></span></summary>
      <form class="of-naming"><input class="of-name" type="text" maxlength="${LONGEST_NAME}" aria-label="Name for this selection"
        placeholder="Name this selection"><button type="submit">Save</button></form>
      <p class="of-problem" role="alert" hidden></p><div class="of-list"></div></details>
    <p class="of-none" hidden>No filter has these words.</p>${phases.join('')}
    <div class="of-foot"><button type="button" class="of-close" data-do="close"></button></div>`
  }

  familyHtml(family) {
    const [first] = family.members
    const id = `of-${escaped(first.name)}`
    const schemes = family.members.length < 2 ? '' : `<span class="of-schemes">${family.members.map((member) =>
      `<button type="button" data-item data-scheme="${escaped(member.name)}">${escaped(member.scheme)}</button>`).join('')}</span>`
    const help = family.members.some((member) => member.definition) ?
      `<button type="button" class="of-help" data-item data-do="help" aria-expanded="false" aria-label="About ${escaped(family.label)}">?</button>` : ''
    return `<div class="of-family" data-family="${escaped(first.name)}" role="group" aria-labelledby="${id}" data-roving>
      <div class="of-line"><span class="of-label" id="${id}">${escaped(family.label)}</span>${schemes}${help}</div>
      ${family.members.map((member) => this.memberHtml(member)).join('')}</div>`
  }

  memberHtml(member) {
    const definition = member.definition ? `<p class="of-definition" hidden>${escaped(member.definition)}</p>` : ''
    const body = member.levels ? `<div class="of-levels">${member.levels.map((level) => `<button type="button" data-item
        data-text="${escaped(level.text)}" aria-pressed="false">${escaped(level.label)}<span class="of-n"></span></button>`).join('')}</div>`
      : this.rangeHtml(member)
    return `<div class="of-member" data-variable="${escaped(member.name)}">${definition}${body}</div>`
  }

  rangeHtml(member) {
    const most = Math.max(1, ...member.bins)
    const bars = member.bins.map((n, i) => {
      const [a, b] = [this.place(member, member.edges[i]), this.place(member, member.edges[i + 1])]
      const height = n ? Math.max(4, 100 * n / most) : 0
      return `<rect x="${a}" width="${Math.max(0, (b - a) * 0.92)}" y="${100 - height}" height="${height}"></rect>`
    }).join('')
    const picture = bars ? `<svg class="of-bars" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>` : ''
    const ticks = member.log ? [1, 10, 100, 1000].filter((x) => x > member.low && x < member.high).map((x) =>
      `<span style="left:${this.place(member, x)}%">${x}</span>`).join('') : ''
    const field = (end, word) => `<label>${word} <input type="text" inputmode="decimal" autocomplete="off" role="spinbutton" data-item
      data-end="${end}" aria-label="${escaped(member.label)}, ${end ? 'at most' : 'at least'}${member.unit ? `, ${escaped(member.unit)}` : ''}"
      aria-valuemin="${member.low}" aria-valuemax="${member.high}"></label>`
    const keep = member.missing ? `<button type="button" data-item data-keep aria-pressed="false"
      title="Applies once the range is narrowed">keep ${escaped(member.missing)}</button>` : ''
    return `<div class="of-range">${picture}<div class="of-track" aria-hidden="true"><i class="of-between"></i>
      <i class="of-thumb" data-end="0"></i><i class="of-thumb" data-end="1"></i></div>
      ${ticks ? `<div class="of-ticks" aria-hidden="true">${ticks}</div>` : ''}</div>
      <div class="of-limits">${field(0, 'from')}${field(1, 'to')}<span>${escaped(member.unit)}</span>${keep}</div>`
  }

  // Where a number stands, in per cent of the width; a logarithmic scale begins at 0, so that it is that of one more.
  place(member, x) {
    const scale = member.log ? (v) => Math.log1p(v) : (v) => v
    const [a, b] = [scale(member.low), scale(member.high)]
    return Math.min(100, Math.max(0, 100 * (scale(x) - a) / (b - a)))
  }

  numberAt(member, share) {
    const scale = member.log ? (v) => Math.log1p(v) : (v) => v
    const [a, b] = [scale(member.low), scale(member.high)]
    const x = a + Math.min(1, Math.max(0, share)) * (b - a)
    return this.fit(member, member.log ? Math.expm1(x) : x)
  }

  fit(member, x) {
    const unit = 10 ** member.decimals
    // As many digits as tell two places on the track apart, and none that the data do not have.
    const coarse = 10 ** Math.max(0, Math.ceil(Math.log10((member.high - member.low) / 300)))
    const step = unit > 1 && member.high - member.low < 300 ? 1 / unit : member.log && x < 30 ? 1 / Math.min(unit, 10) : coarse
    return Math.min(member.high, Math.max(member.low, Number((Math.round(x / step) * step).toFixed(member.decimals))))
  }

  range(member, value = this.value) {
    const texts = value[member.name]
    return texts ? texts.map(Number) : [member.low, member.high]
  }

  // What they say

  hear() {
    const told = window.outcomesFilters
    if (!told || told.step < this.step) return
    const isFirst = this.step < 0
    if (told.step > this.step && !isFirst && !same(told.value, this.value)) this.remember()
    this.value = structuredClone(told.value)
    this.step = told.step
    this.told = told
    if (isFirst) this.welcome()
    if (isFirst) for (const phase of this.data.phases) phase.seen = false
    this.root.classList.remove('of-waiting')
    this.paint()
    const said = this.announcement()
    if (isFirst) findStatus().dataset.now = said
    else if (findStatus().dataset.now !== said) findStatus().textContent = findStatus().dataset.now = said
  }

  // Whom a changed selection leaves, and what it asks for.
  announcement() {
    const { left, of } = this.told
    const asked = [...this.members.filter((member) => this.value[member.name]).map((member) => this.say(member)),
      ...this.combined().map(({ words }) => words)]
    return [left === undefined ? 'not answered' : `${left} of ${of} ${this.data.patients}`, ...asked].join('; ')
  }

  remember() {
    past.push(structuredClone(this.value))
    future.length = 0
  }

  ask(value, isStep = true) {
    if (same(value, this.value)) return
    if (isStep) this.remember()
    this.value = value
    this.step += 1
    this.root.classList.add('of-waiting')
    this.paint()
    this.send(value, this.step)
  }

  with(family, member, texts) {
    const value = structuredClone(this.value)
    // Another way to ask the same takes the place of the one before.
    if (texts && !this.value[member.name]) for (const other of family.members) if (other !== member) this.drop(value, other)
    if (texts) value[member.name] = texts
    else delete value[member.name]
    return value
  }

  drop(value, member) {
    if (member.at !== undefined && value[member.name].length > 1) return value[member.name].splice(member.at, 1)
    delete value[member.name]
    delete value[member.name + MISSING]
    if (member.name === VERSUS) delete value[APART]
    if (member.name === REGISTRY) delete value[VERSUS]
  }

  // What is seen

  paint() {
    const { left, chips, clash, close, undo, redo, clear } = this.parts
    const told = this.told ?? {}
    const text = told.left === undefined ? 'not answered' : `${told.left} of ${told.of}`
    const sentence = `${text} ${this.data.patients}`
    left.innerHTML = told.left === undefined ? escaped(text) : `<b>${escaped(told.left)}</b> of ${escaped(told.of)}`
    close.textContent = `Show ${sentence}`
    this.opener.textContent = `Filters: ${text}`
    this.opener.style.background = getComputedStyle(this.root).getPropertyValue('--st-text-color')
    this.opener.style.color = getComputedStyle(this.root).getPropertyValue('--st-background-color')
    this.parts.top.dataset.step = this.step
    clash.hidden = !told.clash
    clash.textContent = told.clash ?? ''
    const active = this.members.filter((member) => this.value[member.name])
    for (const [button, isOff] of [[undo, !past.length], [redo, !future.length], [clear, !Object.keys(this.value).length]]) {
      button.setAttribute('aria-disabled', String(isOff))
    }
    const registry = this.value[REGISTRY] ? this.chip(REGISTRY, `Compared with: ${told.start}`) : ''
    const versus = registry + (this.value[VERSUS] ? this.chip(VERSUS, `${registry ? 'Of them' : 'Compared with'}: ${this.nameOf(this.value[VERSUS][0])}`) : '')
    const html = active.map((member) => this.chip(member.name, this.say(member))).join('') +
      this.combined().map(({ key, at, words }) => this.chip(key, words, at)).join('') + versus
    if (chips.dataset.html !== html) {
      const at = [...chips.children].indexOf(document.activeElement)
      chips.innerHTML = html
      chips.dataset.html = html
      this.rove(chips)
      if (at >= 0) (chips.children[Math.min(at, chips.children.length - 1)] ?? clear).focus()
    }
    const now = JSON.stringify(this.value)
    for (const family of this.families) {
      const set = family.members.find((member) => this.value[member.name])
      // What is asked for is in sight; afterwards the reader may look at another way to ask.
      if (set && now !== this.painted && !this.value[this.schemes.get(family)?.name]) this.schemes.set(family, set)
      this.paintFamily(family)
    }
    this.painted = now
    this.paintKept()
    this.data.phases.forEach((phase, i) => {
      const n = phase.families.flatMap((family) => family.members).filter((member) => this.value[member.name]).length
      this.phases[i].querySelector('.of-set').textContent = n ? `${n} set` : ''
      if (n && !phase.seen) this.phases[i].open = true // a link's filter is in sight when it comes
      phase.seen = Boolean(n)
    })
  }

  chip(name, words, at) {
    const which = at === undefined ? '' : ` data-at="${at}"`
    return `<button type="button" data-item data-drop="${escaped(name)}"${which} aria-label="Remove ${escaped(words)}">${escaped(words)}<span aria-hidden="true"> ×</span></button>`
  }

  paintFamily(family) {
    const set = family.members.filter((member) => this.value[member.name])
    const chosen = this.schemes.get(family) ?? family.members[0]
    for (const member of family.members) {
      member.box.hidden = member !== chosen && !set.includes(member) && !family.isSought
      if (member.levels) this.paintLevels(member)
      else this.paintRange(member)
    }
    for (const button of family.box.querySelectorAll('[data-scheme]')) {
      button.setAttribute('aria-pressed', String(button.dataset.scheme === chosen.name))
    }
    this.rove(family.box)
  }

  paintLevels(member) {
    const counts = this.told?.counts?.[member.name]
    member.buttons.forEach((button, i) => {
      const n = counts ? counts[i] ?? '…' : ''
      const span = button.lastElementChild
      if (span.textContent !== n) span.textContent = n
      button.setAttribute('aria-pressed', String(this.value[member.name]?.includes(button.dataset.text) ?? false))
      button.classList.toggle('of-empty', n === '0')
    })
  }

  paintRange(member, range = this.range(member)) {
    const isSet = Boolean(this.value[member.name]) || range !== undefined && !same(range, [member.low, member.high])
    const [a, b] = range.map((x) => this.place(member, x))
    member.box.classList.toggle('of-narrowed', isSet)
    member.fields.forEach((field, end) => {
      if (field.dataset.typed === undefined) field.value = String(range[end])
      field.setAttribute('aria-valuenow', String(range[end]))
    })
    member.thumbs.forEach((thumb, end) => { thumb.style.left = `${end ? b : a}%` })
    const between = member.box.querySelector('.of-between')
    between.style.left = `${a}%`
    between.style.width = `${b - a}%`
    member.bars.forEach((bar, i) => {
      const isIn = member.edges[i + 1] > range[0] && (member.edges[i] < range[1] || member.edges[i] === range[0])
      bar.classList.toggle('of-in', isIn)
    })
    member.keep?.setAttribute('aria-pressed', String(Boolean(this.value[member.name + MISSING])))
  }

  say(member) {
    const texts = this.value[member.name]
    if (member.levels) {
      return `${member.label}: ${member.levels.filter((level) => texts.includes(level.text)).map((level) => level.label).join(', ')}`
    }
    const [low, high] = texts.map(Number)
    const unit = member.unit ? ` ${/^\d/.test(member.unit) ? '× ' : ''}${member.unit}` : ''
    const limits = low <= member.low ? `up to ${high}` : high >= member.high ? `from ${low}` : low === high ? `${low}` : `${low} to ${high}`
    return `${member.label} ${limits}${unit}`
  }

  // What is done

  click(event) {
    const button = event.target.closest('button')
    if (!button || button.getAttribute('aria-disabled') === 'true') return
    const { family, member } = this.of(button)
    if (button.dataset.text !== undefined) {
      const before = this.value[member.name] ?? []
      const text = button.dataset.text
      const texts = member.levels.map((level) => level.text).filter((t) => (t === text) !== before.includes(t))
      this.ask(this.with(family, member, texts.length ? texts : null))
    } else if (button.dataset.keep !== undefined) {
      const value = structuredClone(this.value)
      if (value[member.name + MISSING]) delete value[member.name + MISSING]
      else value[member.name + MISSING] = ['true']
      this.ask(value)
    } else if (button.dataset.scheme) {
      this.schemes.set(family, family.members.find((one) => one.name === button.dataset.scheme))
      this.paintFamily(family)
    } else if (button.dataset.drop) {
      const value = structuredClone(this.value)
      this.drop(value, { name: button.dataset.drop, at: button.dataset.at })
      this.ask(value)
    } else this[`do_${button.dataset.do}`]?.(button, family)
  }

  do_undo() {
    future.push(structuredClone(this.value))
    this.ask(past.pop(), false)
  }

  do_redo() {
    past.push(structuredClone(this.value))
    this.ask(future.pop(), false)
  }

  do_clear() {
    this.ask({})
  }

  do_help(button, family) {
    const isOpen = button.getAttribute('aria-expanded') !== 'true'
    button.setAttribute('aria-expanded', String(isOpen))
    for (const text of family.box.querySelectorAll('.of-definition')) text.hidden = !isOpen
  }

  do_close() {
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click()
  }

  of(element) {
    const family = this.families.find((one) => one.box.contains(element))
    return { family, member: family?.members.find((one) => one.box.contains(element)) }
  }

  // Numbers

  input(event) {
    if (event.target === this.parts.search) return this.seek(event.target.value)
    if (event.target.dataset.end !== undefined) event.target.dataset.typed = ''
  }

  change(event) {
    if (event.target.dataset.end !== undefined) this.take(event.target)
  }

  // What was typed: a number, or one to stay under or above ("under 10", "<10").
  take(field) {
    const { family, member } = this.of(field)
    const end = Number(field.dataset.end)
    const [, words, digits] = field.value.trim().toLowerCase().replace(',', '.').match(/^(<|>|under|below|over|above)?\s*(-?\d*\.?\d*)$/) ?? []
    const unit = 10 ** -member.decimals
    let x = digits === '' && words === undefined ? (end ? member.high : member.low) : Number(digits || NaN)
    if (words && '<underbelow'.includes(words)) x -= unit
    else if (words) x += unit
    // No finer than the data: an upper limit goes up to the next value that there can be, a lower one down.
    x = end ? Math.ceil(x / unit - 1e-6) * unit : Math.floor(x / unit + 1e-6) * unit
    const range = this.range(member)
    range[end] = Math.min(member.high, Math.max(member.low, Number(x.toFixed(member.decimals))))
    const isWrong = !Number.isFinite(x) || range[0] > range[1]
    field.setAttribute('aria-invalid', String(isWrong))
    field.title = isWrong ? `A number from ${end ? range[0] : member.low} to ${end ? member.high : range[1]}` : ''
    if (isWrong) return
    delete field.dataset.typed
    this.narrow(family, member, range)
  }

  narrow(family, member, range) {
    const isAll = range[0] <= member.low && range[1] >= member.high
    this.ask(this.with(family, member, isAll ? null : range.map(String)))
    this.paintRange(member)
  }

  stepBy(field, by) {
    const { family, member } = this.of(field)
    const end = Number(field.dataset.end)
    const range = (member.stepped ??= this.range(member))
    const unit = 10 ** -member.decimals
    const step = Math.abs(by) > 1 ? Math.max(unit, 10 ** Math.round(Math.log10((member.high - member.low) / 15))) : member.high - member.low > 300 ? 1 : Math.max(unit, 1)
    const x = Number((range[end] + Math.sign(by) * step).toFixed(member.decimals))
    range[end] = end ? Math.min(member.high, Math.max(range[0], x)) : Math.max(member.low, Math.min(range[1], x))
    delete field.dataset.typed
    this.paintRange(member, range)
    clearTimeout(member.timer)
    member.timer = setTimeout(() => { delete member.stepped; this.narrow(family, member, range) }, STEP_MS)
  }

  pointerdown(event) {
    const thumb = event.target.closest('.of-thumb')
    if (!thumb) return
    event.preventDefault()
    const { family, member } = this.of(thumb)
    const end = Number(thumb.dataset.end)
    const range = this.range(member)
    const track = thumb.parentElement.getBoundingClientRect()
    const offset = event.clientX - track.left - track.width * this.place(member, range[end]) / 100
    thumb.setPointerCapture(event.pointerId)
    thumb.onpointermove = (move) => {
      const x = this.numberAt(member, (move.clientX - offset - track.left) / track.width)
      range[end] = end ? Math.max(range[0], x) : Math.min(range[1], x)
      this.paintRange(member, range)
    }
    thumb.onpointerup = thumb.onpointercancel = () => {
      thumb.onpointermove = thumb.onpointerup = thumb.onpointercancel = null
      this.narrow(family, member, range)
    }
  }

  // Words

  seek(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    const isIn = (found) => words.every((word) => found.includes(word))
    this.data.phases.forEach((phase, i) => {
      let any = false
      for (const family of phase.families) {
        const found = [family.label, ...family.members.flatMap((one) => [one.label, one.scheme, ...(one.levels ?? []).map((l) => l.label)])]
        const has = isIn(found.join(' ').toLowerCase())
        family.box.hidden = !has
        family.isSought = has && words.length > 0
        any ||= has
        this.paintFamily(family)
      }
      const details = this.phases[i]
      details.hidden = !any
      if (words.length && !details.dataset.was) details.dataset.was = details.open ? 'open' : 'closed'
      if (words.length) details.open = true
      else if (details.dataset.was) { details.open = details.dataset.was === 'open'; delete details.dataset.was }
    })
    this.parts.none.hidden = this.phases.some((details) => !details.hidden)
  }

  // The keyboard: Tab leads from filter to filter, arrows within one.

  items(group) {
    const seen = [...group.querySelectorAll('[data-item]')].filter((item) => !item.closest('[hidden]'))
    const isHelp = (item) => item.dataset.do === 'help'
    return [...seen.filter((item) => !isHelp(item)), ...seen.filter(isHelp)]
  }

  rove(group) {
    const items = this.items(group)
    const first = items.find((item) => item.getAttribute('tabindex') === '0') ??
      items.find((item) => item.dataset.scheme === undefined) ?? items[0]
    for (const item of group.querySelectorAll('[data-item]')) item.tabIndex = item === first ? 0 : -1
  }

  focusin(event) {
    const group = event.target.closest('[data-roving]')
    if (!group || event.target.dataset.item === undefined) return
    for (const item of group.querySelectorAll('[data-item]')) item.tabIndex = item === event.target ? 0 : -1
  }

  keydown(event) {
    const { target, key } = event
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'z' && target.tagName !== 'INPUT') {
      event.preventDefault()
      this.parts[event.shiftKey ? 'redo' : 'undo'].click()
      return
    }
    if (target === this.parts.search && key === 'Escape') { target.value = ''; this.seek('') }
    const group = target.closest('[data-roving]')
    if (!group || target.dataset.item === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const isField = target.tagName === 'INPUT'
    if (isField) {
      if (key === 'Enter') return this.take(target)
      const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[key]
      if (by) { event.preventDefault(); return this.stepBy(target, by) }
      const isAtEnd = target.selectionStart === target.selectionEnd || target.selectionEnd - target.selectionStart === target.value.length
      if (!isAtEnd || (key === 'ArrowLeft' && target.selectionStart > 0) || (key === 'ArrowRight' && target.selectionEnd < target.value.length)) return
    }
    const items = this.items(group)
    const at = items.indexOf(target)
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[key]
    if (to === undefined || (isField && (key === 'Home' || key === 'End'))) return
    event.preventDefault()
    items[(to + items.length) % items.length].focus()
  }
}

Object.defineProperties(Filters.prototype, Object.getOwnPropertyDescriptors(Keeping))
