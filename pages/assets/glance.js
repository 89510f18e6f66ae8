// Pictures whose bars and branches ask for something: each group is one stop of the tab key, with arrows within it.
export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector('.glance-box')
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
