// A curve that a learner draws: a point for each time, which the pointer drags and the arrow keys move. It never rises: the
// points after one that sinks sink with it, and those before one that rises rise.

const H = 300, L = 46, R = 32, T = 12, B = 40
const WIDEST = 640, NARROWEST = 300 // one unit of the drawing is a pixel, on a phone too
const SVG = 'http://www.w3.org/2000/svg'
const make = (tag, attributes, text) => {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  if (text !== undefined) made.textContent = text
  return made
}

export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector('.outcomes-drawn')
  const asked = JSON.stringify([data.times, data.axis, data.label])
  if (box.dataset.asked === asked) return
  box.dataset.asked = asked
  const { times, axis, label, point, months, commit } = data
  const W = Math.max(NARROWEST, Math.min(WIDEST, box.clientWidth || WIDEST))
  const end = times.at(-1), values = times.map(() => 100)
  const x = (time) => L + (W - L - R) * time / end
  const y = (value) => T + (H - T - B) * (1 - value / 100)
  const svg = make('svg', { viewBox: `0 0 ${W} ${H}`, role: 'group', 'aria-label': label })
  for (const value of [0, 20, 40, 60, 80, 100]) {
    svg.append(make('line', { x1: L, x2: W - R, y1: y(value), y2: y(value), class: 'grid' }))
    svg.append(make('text', { x: L - 6, y: y(value) + 4, 'text-anchor': 'end' }, `${value} %`))
  }
  for (const time of [0, ...times]) svg.append(make('text', { x: x(time), y: H - B + 18, 'text-anchor': 'middle' }, time))
  svg.append(make('text', { x: (L + W - R) / 2, y: H - 4, 'text-anchor': 'middle' }, months))
  svg.append(make('text', { x: L + 6, y: H - B - 8, class: 'axis' }, axis))
  const line = make('path', { class: 'line' })
  svg.append(line)
  const handles = times.map((time, i) => {
    const handle = make('circle', { r: 9, cx: x(time), tabindex: 0, role: 'slider', 'aria-valuemin': 0, 'aria-valuemax': 100,
      'aria-orientation': 'vertical', 'aria-label': point.replace('#', time) })
    const said = make('text', { x: x(time), 'text-anchor': 'middle', class: 'said' })
    handle.onkeydown = (event) => {
      const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key]
      const to = { Home: 0, End: 100 }[event.key] ?? (by && values[i] + by)
      if (to === undefined) return
      event.preventDefault()
      set(i, to)
    }
    svg.append(handle, said)
    return [handle, said]
  })
  function set(i, to) {
    values[i] = Math.round(Math.min(100, Math.max(0, to)))
    for (let j = i + 1; j < values.length; j++) values[j] = Math.min(values[j], values[i])
    for (let j = i - 1; j >= 0; j--) values[j] = Math.max(values[j], values[i])
    show()
  }
  function show() {
    line.setAttribute('d', `M${x(0)},${y(100)}` + values.map((value, i) => `L${x(times[i])},${y(value)}`).join(''))
    handles.forEach(([handle, said], i) => {
      handle.setAttribute('cy', y(values[i]))
      handle.setAttribute('aria-valuenow', values[i])
      handle.setAttribute('aria-valuetext', `${values[i]} %`)
      said.setAttribute('y', y(values[i]) + (values[i] > 88 ? 24 : -14))
      said.textContent = W < 480 ? values[i] : `${values[i]} %`
    })
  }
  const toValue = (event) => {
    const place = svg.getBoundingClientRect()
    return [(event.clientX - place.left) * W / place.width, 100 * (1 - ((event.clientY - place.top) * H / place.height - T) / (H - T - B))]
  }
  let held = -1
  svg.onpointerdown = (event) => {
    const [at, value] = toValue(event)
    held = times.reduce((best, time, i) => Math.abs(x(time) - at) < Math.abs(x(times[best]) - at) ? i : best, 0)
    svg.setPointerCapture(event.pointerId)
    set(held, value)
    handles[held][0].focus({ preventScroll: true })
    event.preventDefault()
  }
  svg.onpointermove = (event) => { if (held >= 0) set(held, toValue(event)[1]) }
  svg.onpointerup = svg.onpointercancel = () => { held = -1 }
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: commit })
  button.onclick = () => setTriggerValue('drawn', [...values])
  box.replaceChildren(svg, button)
  show()
}
