// Pictures whose bars and branches may ask for something: each group is one stop of the tab key, with arrows within it. All
// of them can be kept.
const here = new URL(import.meta.url)
const beside = (name) => import(new URL(`${name}${here.search}`, here).href)
const shown = new WeakMap()

const SMALL = '.glance-picture'
const nameOf = (picture) => picture.querySelector('h3').firstChild.data.trim()

// What is kept is drawn by the server, where it has done so, or from the page; of several small pictures all, or one of them.
const sourceOf = (box, said, one) => {
  const { title, stem, part, svg } = shown.get(box)
  if (one !== undefined) {
    const picture = box.querySelectorAll(SMALL)[one]
    const bars = [...picture.querySelectorAll('button')].map((bar) => bar.getAttribute('aria-label'))
    const draw = (how) => async (...look) => (await beside('drawing.js'))[how](box, ...look, one)
    return { title: nameOf(picture), alt: bars.join('; '), stem: `${said.stem}_${part}_${one + 1}`, draw: draw('drawPicture'), heightAt: draw('heightAt') }
  }
  const alt = box.querySelector(':is(svg, [role=img])[aria-label]')?.getAttribute('aria-label')
  const kept = { title, stem: stem ?? `${said.stem}_${part}`, ...alt && { alt } }
  if (svg) {
    const [, width, height] = svg.match(/width="(\d+)" height="(\d+)"/).map(Number)
    return { ...kept, height, draw: () => ({ svg, width, height }) }
  }
  return {
    ...kept, draw: async (...look) => (await beside('drawing.js')).drawPicture(box, ...look),
    heightAt: async (...look) => (await beside('drawing.js')).heightAt(box, ...look),
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector('.glance-box')
  if (!shown.has(box)) beside('saving.js').then(({ addMenu }) => addMenu(box.parentElement,
    (said, one) => sourceOf(box, said, one), () => [...box.querySelectorAll(SMALL)].map(nameOf)))
  shown.set(box, data)
  const asking = () => [...box.querySelectorAll('[data-ask]')]
  const groupOf = (element) => element.closest('[role="group"]')
  const inGroup = (element) => asking().filter((other) => groupOf(other) === groupOf(element))
  if (box.dataset.drawn !== data.html) {
    const held = box.contains(document.activeElement) ? document.activeElement.dataset.ask : undefined
    box.innerHTML = data.html
    box.dataset.drawn = data.html
    box.setAttribute('aria-label', data.alt)
    const groups = new Set()
    for (const element of asking()) {
      element.tabIndex = groups.has(groupOf(element)) ? -1 : 0
      groups.add(groupOf(element))
    }
    const again = held !== undefined && asking().find((element) => element.dataset.ask === held)
    if (again) focus(again)
  }
  function focus(element) {
    for (const other of inGroup(element)) other.tabIndex = -1
    element.tabIndex = 0
    element.focus()
  }
  const ask = (element) => setTriggerValue('ask', element.dataset.ask)
  box.onclick = (event) => {
    const element = event.target.closest('[data-ask]')
    if (element) {
      focus(element)
      ask(element)
    }
  }
  box.onkeydown = (event) => {
    const element = event.target.closest('[data-ask]')
    if (!element) return
    const all = inGroup(element)
    const place = all.indexOf(element)
    const places = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1, Home: 0, End: -1 }
    if (event.key in places) focus(all.at(places[event.key] % all.length))
    else if (event.key === 'Enter' || event.key === ' ') ask(element)
    else return
    event.preventDefault()
  }
}
