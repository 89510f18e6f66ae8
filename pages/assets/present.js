// Presenting: left and right turn the page within the section, or among collected views, Esc ends it. A forest, or a grid of pictures, that is too long for the screen, and
// each drawing after it, is shown part by part, by up and down; page up and down, as pointers send them, go through the parts and on to the next page.

const TYPING = 'input, textarea, select, [contenteditable], [role=slider], [role=combobox], [role=listbox], [role=menu]'
const BOXES = '.forest-box, [class*="st-key-shown_"] .glance-box'
const PARTS = 'tbody tr, .glance-picture, .flow, .swim'
const ROOMY = '(min-width: 700px) and (min-height: 500px)'

// Which pictures of a grid fit the room together: as many of its rows as do.
function divideGrid(box, pictures) {
  const end = (one) => one.getBoundingClientRect().bottom, top = (one) => one.getBoundingClientRect().top
  const rows = pictures.reduce((found, one) => {
    if (!found.length || top(one) > top(found.at(-1)[0]) + 1) found.push([])
    found.at(-1).push(one)
    return found
  }, [])
  const room = box.getBoundingClientRect().bottom - top(rows[0][0])
  const parts = []
  let begun = 0
  for (const row of rows) {
    if (!parts.length || Math.max(...row.map(end)) - begun > room) { parts.push([]); begun = top(row[0]) }
    parts.at(-1).push(...row)
  }
  return parts
}

// Which rows of a forest fit the room together; the name of a factor comes with its levels. A drawing has the room for itself.
function divide(box) {
  const rows = [...box.querySelectorAll(PARTS)]
  if (!rows.length) return []
  if (rows[0].matches('svg')) return rows.map((row) => [row])
  if (rows[0].matches('.glance-picture')) return divideGrid(box, rows)
  const heightOf = (row) => row.getBoundingClientRect().height
  const rest = box.scrollHeight - rows.reduce((sum, row) => sum + heightOf(row), 0)
  const room = box.clientHeight - rest
  const parts = []
  let left = 0
  const sections = rows.reduce((found, row) => {
    if (!found.length || row.matches('.forest-head, .forest-group') || row.parentElement !== found.at(-1)[0].parentElement) found.push([])
    found.at(-1).push(row)
    return found
  }, [])
  for (const section of sections) {
    const whole = section.reduce((sum, row) => sum + heightOf(row), 0), [first] = section
    if (whole > left) { parts.push([]); left = room }
    for (const row of section) {
      if (heightOf(row) > left && row !== first) { parts.push([first]); left = room - heightOf(first) }
      parts.at(-1).push(row)
      left -= heightOf(row)
    }
  }
  return parts
}

// A link to where the page is already, as far as it is a page of the section, or a place among collected views.
function isHere(address) {
  const there = new URL(address), [a, b] = [there, location].map(({ search }) => new URLSearchParams(search).get('basket'))
  return there.pathname === location.pathname && a === b
}

function present(bar, data) {
  let parts = [], part = 0, boxes = [], waiting
  const answers = document.querySelector('.st-key-shown_answers')
  const placeOf = (box) => box.closest('[class*="st-key-shown_"]')
  const clear = () => {
    for (const row of boxes.flatMap((box) => [...box.querySelectorAll(PARTS)])) row.toggleAttribute('hidden', false)
    for (const place of [...boxes.map(placeOf), answers]) place?.classList.remove('outcomes-off')
  }
  const show = () => {
    clear()
    if (parts.length > 1) {
      for (const box of boxes) {
        for (const row of box.querySelectorAll(PARTS)) row.toggleAttribute('hidden', !parts[part].includes(row))
        placeOf(box).classList.toggle('outcomes-off', !parts[part].some((row) => box.contains(row)))
      }
      answers?.classList.toggle('outcomes-off', parts[part][0].matches('svg'))
    }
    const said = [data.place, parts.length > 1 && `part ${part + 1} of ${parts.length}`].filter(Boolean).join(', ')
    bar.classList.toggle('parts', parts.length > 1)
    const status = bar.querySelector('[role=status]')
    if (status.textContent !== said) status.textContent = said
  }
  const lay = () => {
    boxes = [...document.querySelectorAll(BOXES)]
    for (const box of boxes) resized.observe(box)
    clear()
    parts = matchMedia(ROOMY).matches ? boxes.flatMap((box) => {
      for (const other of boxes) placeOf(other).classList.toggle('outcomes-off', other !== box)
      return divide(box)
    }) : []
    part = Math.max(0, Math.min(part, parts.length - 1))
    show()
  }
  const turn = (where) => {
    const link = bar.querySelector(`[data-turn=${where}]`)
    if (link.hasAttribute('href') && !isHere(link.href)) link.click()
  }
  const step = (by) => {
    if (!parts[part + by]) return false
    part += by
    show()
    return true
  }
  const keys = {
    ArrowLeft: () => turn('previous'), ArrowRight: () => turn('next'), ArrowUp: () => step(-1), ArrowDown: () => step(1),
    PageUp: () => step(-1) || turn('previous'), PageDown: () => step(1) || turn('next'), Escape: () => bar.querySelector('[data-leave]').click(),
  }
  const press = (event) => {
    if (!keys[event.key] || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
    if (event.target.closest?.(TYPING)) return
    // What a resting pointer has opened takes no key but the one that closes it.
    if (document.querySelector(':popover-open') && (event.key === 'Escape' || document.activeElement !== document.body)) return
    event.preventDefault()
    keys[event.key]()
  }
  document.addEventListener('keydown', press)
  const soon = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(lay) }
  const resized = new ResizeObserver(soon), drawn = new MutationObserver(soon)
  lay()
  resized.observe(document.documentElement)
  drawn.observe(document.querySelector('[data-testid=stMain]'), { childList: true, subtree: true })
  return () => {
    document.removeEventListener('keydown', press)
    resized.disconnect()
    drawn.disconnect()
    cancelAnimationFrame(waiting)
    bar.classList.remove('parts')
    clear()
  }
}

// The view is collected by one click; what opens then takes a comment on it.
function collecting(bar, basket, tell) {
  const button = bar.querySelector('[data-collect]'), box = bar.querySelector('[popover]'), field = box.querySelector('textarea')
  button.hidden = !basket
  if (!basket) return
  const [n, comment] = basket, isIn = comment !== undefined
  const said = `Collected: ${n} ${n === 1 ? 'view' : 'views'}`
  button.textContent = isIn ? `✓ ${n}` : 'Collect'
  button.title = isIn ? said : 'Put this view into the basket'
  if (isIn) button.setAttribute('aria-label', said)
  else button.removeAttribute('aria-label')
  box.querySelector('p').textContent = isIn ? `${said}.` : 'Collecting …'
  box.querySelector('a').href = `collected${location.search}`
  if (document.activeElement !== field) field.value = comment ?? ''
  const open = () => {
    const { bottom, right } = button.getBoundingClientRect()
    box.showPopover()
    box.style.inset = `${bottom + 6}px auto auto ${Math.max(8, right - box.offsetWidth)}px`
    field.focus()
  }
  button.onclick = () => { if (!isIn) tell(true); open() }
  field.onchange = () => tell(field.value)
  field.onkeydown = (event) => { if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); box.hidePopover(); button.focus() } }
  box.querySelector('[data-forget]').onclick = () => { tell(false); box.hidePopover(); button.focus() }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const bar = parentElement.querySelector('.outcomes-present')
  const begin = bar.querySelector('[data-begin]'), wasOn = bar.classList.contains('on')
  bar.outcomesEnd?.()
  bar.classList.toggle('on', data.on)
  begin.onclick = () => setTriggerValue('asked', true)
  bar.querySelector('[data-leave]').onclick = () => setTriggerValue('asked', false)
  for (const where of ['previous', 'next']) {
    const link = bar.querySelector(`[data-turn=${where}]`)
    if (data[where]) link.href = data[where]
    else link.removeAttribute('href')
  }
  collecting(bar, data.basket, (value) => setTriggerValue('collected', value))
  bar.outcomesEnd = data.on ? present(bar, data) : undefined
  if (wasOn && !data.on && document.activeElement === document.body) begin.focus({ preventScroll: true })
  return () => bar.outcomesEnd?.()
}
