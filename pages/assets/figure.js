// A figure that stays where it is while its curves change: Plotly draws the difference alone, so that nothing flashes, and
// what the reader has hidden or points at is kept. Everything in the ink of the page takes it from the style sheet, so
// that another theme, or paper, needs no drawing.

const here = new URL(import.meta.url)
const PLOTLY = here.href.replace('page/figure.js', 'plotly/plotly.min.js')
const SAVING = new URL(`saving.js${here.search}`, here).href
const figures = new WeakMap()
const MOVING_MS = 240
const MOST_CORNERS = 600
const LEAST_CURVES = 250 // pixels of height

function loadPlotly() {
  if (window.Plotly) return window.Plotly
  window.outcomesPlotly ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement('script'), { src: PLOTLY, onload: () => done(window.Plotly) })
    script.onerror = () => { window.outcomesPlotly = undefined; failed(new Error(`${PLOTLY} could not be loaded.`)) }
    document.head.append(script)
  })
  return window.outcomesPlotly
}
loadPlotly()?.catch?.(() => {})  // whoever draws says so

// What Streamlit's own figures look like, where a figure does not say otherwise.
function toTemplate(family, ink) {
  const font = { family, size: 11.25, color: ink }
  return {
    layout: {
      font, margin: { pad: 7.5 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      legend: { valign: 'top', bgcolor: 'rgba(0,0,0,0)' },
      hoverlabel: { bgcolor: '#ffffff', bordercolor: '#707070', font },
      xaxis: { zeroline: false, title: { standoff: 18.75 } }, yaxis: { title: { standoff: 22.5 } },
    },
  }
}

// The small panels that a figure is made of, by their titles.
const PANEL_HEIGHT = 400
const listPanels = ({ figure }) => (figure.layout.annotations ?? []).filter(({ name, xanchor }) => /^panel \d+$/.test(name) && xanchor === 'left')
const toWords = (text) => new DOMParser().parseFromString(text.replaceAll('<br>', ' '), 'text/html').body.textContent

// One panel as a figure of its own, with the key to all of them and the name of the time.
function toPanel({ data, layout }, panel) {
  const number = panel ? panel + 1 : '', { height: _, annotations, ...rest } = layout
  const axes = Object.entries(rest).filter(([name]) => /^[xy]axis/.test(name))
  const keyOf = ({ legendgroup, name, mode, fill }) => [legendgroup, name, mode, fill].join()
  const named = new Set(data.filter((trace) => trace.showlegend !== false).map(keyOf))
  const traces = data.filter(({ xaxis = 'x' }) => xaxis === `x${number}`).map((trace) => {
    const showlegend = named.delete(keyOf(trace))
    return { ...trace, xaxis: 'x', yaxis: 'y', showlegend }
  })
  const inner = PANEL_HEIGHT - layout.margin.t - layout.margin.b
  const titled = axes.find(([name, axis]) => name.startsWith('x') && axis.title?.text)[1].title
  const domain = [50 / inner, 1 - 26 / inner]
  return {
    data: traces,
    layout: {
      ...Object.fromEntries(Object.entries(rest).filter(([name]) => !/^[xy]axis/.test(name))), height: PANEL_HEIGHT,
      xaxis: { ...layout[`xaxis${number}`], anchor: 'y', domain: [0, 1], title: titled },
      yaxis: { ...layout[`yaxis${number}`], anchor: 'x', domain, showticklabels: true },
      annotations: annotations.filter(({ name }) => name === `panel ${panel}`).map((one) => one.xanchor === 'left'
        ? { ...one, x: 0, y: domain[1], text: one.text.replaceAll('<br>', ' ') } : { ...one, x: 0.5, y: domain[0] }),
    },
  }
}

// The figure, or one panel of it, as a picture of its own width, with all that a reader may have hidden, in the ink that is asked for.
async function toPicture({ figure }, panel, width, ink, family) {
  const text = JSON.stringify(figure).replaceAll(figure.layout.font.color, ink)
  const whole = JSON.parse(text), { data, layout } = panel === undefined ? whole : toPanel(whole, panel), height = layout.height
  const template = toTemplate(family, ink)
  const address = await window.Plotly.toImage({ data, layout: { ...layout, template, width } }, { format: 'svg', width, height })
  return { svg: decodeURIComponent(address.slice(address.indexOf(',') + 1)), width, height }
}

// As high as the room that is left: what lies under the curves keeps its height.
function fit({ data, layout }, height) {
  const { t, b } = layout.margin, { below } = layout.meta
  const was = layout.height - t - b, is = Math.max(height - t - b, below + 80)
  const place = (share) => share * was <= below + 0.5 ? share * was / is : (below + (share * was - below) * (is - below) / (was - below)) / is
  const axes = Object.entries(layout).filter(([name, axis]) => name.startsWith('yaxis') && axis.domain)
    .map(([name, axis]) => [name, { ...axis, domain: axis.domain.map((share) => Math.min(place(share), 1)) }])
  return { data, layout: { ...layout, ...Object.fromEntries(axes), height: is + t + b } }
}

// All counts stand under its curves where that leaves them room, else those at risk alone.
function forRoom({ data, layout }, height) {
  const { whole } = layout.meta
  if (!whole || height - whole.layout.margin.t - whole.layout.margin.b - whole.layout.meta.below < LEAST_CURVES) return fit({ data, layout }, height)
  return fit({ data: data.map((trace) => trace.yaxis === 'y2' && trace.mode === 'text' ? whole.table : trace), layout: whole.layout }, height)
}

// The figure, or while presenting that for a room, where there is one: not on a telephone.
const isForRoom = ({ presented }) => presented && matchMedia('(min-width: 700px) and (min-height: 500px)').matches

function draw(shown) {
  const { box, plot } = shown
  const width = box.clientWidth, room = isForRoom(shown) && box.parentElement.clientHeight
  if (!width) return  // drawn once it is in sight
  const figure = room ? forRoom(shown.presented, room) : shown.figure
  const before = shown.width === width ? linesOf(plot) : new Map()
  Object.assign(shown, { width, room })
  box.style.height = `${figure.layout.height}px`
  const layout = { ...figure.layout, width, template: toTemplate(getComputedStyle(box).fontFamily, figure.layout.font.color) }
  window.Plotly.react(plot, figure.data, layout, { displayModeBar: false })
  // Paper is narrower than a screen: there the drawing is made smaller as a whole.
  for (const layer of plot.querySelectorAll('.main-svg')) layer.setAttribute('viewBox', `0 0 ${width} ${layout.height}`)
  box.style.setProperty('--figure-shape', `${width} / ${layout.height}`)
  move(plot, before)
  if (!shown.watched) {
    shown.watched = new ResizeObserver(() => {
      const room = isForRoom(shown) && box.parentElement.clientHeight
      if (box.clientWidth !== shown.width || room !== shown.room) draw(shown)
    })
    shown.watched.observe(box)
    shown.watched.observe(box.parentElement)
    plot.on('plotly_hover', () => placeReading(plot))
    plot.on('plotly_clickannotation', ({ index, annotation }) => hide(plot, index, annotation.name))
  }
}

// A click on the name at the end of a curve hides the curve, for looking only, and another one shows it again.
function hide(plot, index, group) {
  const traces = [...plot.data.keys()].filter((i) => plot.data[i].legendgroup === group)
  const isHidden = traces.some((i) => plot.data[i].visible === 'legendonly')
  window.Plotly.update(plot, { visible: isHidden ? true : 'legendonly' }, { [`annotations[${index}].opacity`]: isHidden ? 1 : 0.45 }, traces)
}

// The corners of a path made of steps, by the group that it belongs to.
const cornersOf = (path) => {
  const corners = []
  let x = 0, y = 0
  for (const [, kind, rest] of path.matchAll(/([MLHV])([^MLHV]*)/g)) {
    const numbers = rest.split(/[ ,]/).map(Number)
    if (kind === 'H') x = numbers[0]
    else if (kind === 'V') y = numbers[0]
    else [x, y] = numbers
    corners.push([x, y])
  }
  return corners
}

function linesOf(plot) {
  const found = new Map()
  for (const [trace] of plot.calcdata ?? []) {
    const { legendgroup, uid, line, fill } = trace.trace
    if (line?.shape !== 'hv' || fill !== 'none' || !legendgroup) continue
    const path = plot.querySelector(`.trace${CSS.escape(uid)} .js-line`)
    if (path) found.set(legendgroup, [...(found.get(legendgroup) ?? []), path])
  }
  return new Map([...found].map(([group, paths]) => [group, paths.map((path) => ({ path, corners: cornersOf(path.getAttribute('d') ?? '') }))]))
}

const heightAt = (corners, x, isAfter) => {
  let y = corners[0][1]
  for (const [at, height] of corners) {
    if (isAfter ? at > x + 0.01 : at >= x - 0.01) break
    y = height
  }
  return y
}

// Every line glides from where it was; only how it is shown moves, its path is the new one at once.
function move(plot, before) {
  if (!before.size || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  for (const [group, lines] of linesOf(plot)) {
    const old = before.get(group)?.flatMap((line) => line.corners).sort((a, b) => a[0] - b[0])
    for (const { path, corners } of old?.length ? lines : []) {
      const xs = [...new Set([...corners, ...old].map(([x]) => x))].sort((a, b) => a - b)
        .filter((x) => x >= corners[0]?.[0] && x <= corners.at(-1)[0])
      if (!xs.length || xs.length > MOST_CORNERS) continue
      const trace = (steps) => 'M' + xs.flatMap((x) => [false, true].map((isAfter) => `${x} ${heightAt(steps, x, isAfter)}`)).join('L')
      const [from, to] = [trace(old), trace(corners)]
      if (from !== to && CSS.supports('d', `path("${to}")`)) {
        path.animate([{ d: `path("${from}")` }, { d: `path("${to}")` }], { duration: MOVING_MS, easing: 'ease-out' })
      }
    }
  }
}

// The box with what the pointer reads stands on the other side of the figure, where the curves leave most room.
function placeReading(plot) {
  const box = plot.querySelector('.hoverlayer .legend'), { xaxis, yaxis } = plot._fullLayout
  if (!box || plot._fullLayout.xaxis2 || !yaxis._length) return
  const { width, height } = box.getBBox()
  const left = xaxis._offset, top = yaxis._offset
  const isLeft = xaxis.l2p(plot._hoverdata[0].x) > xaxis._length / 2
  const x = isLeft ? left + 8 : left + xaxis._length - width - 8
  const inside = plot._fullData.filter((trace) => Array.isArray(trace.text) && trace.mode === 'none').flatMap((trace) =>
    [...trace.x].map((at, i) => [left + xaxis.l2p(at), top + yaxis.l2p(trace.y[i])]))
    .filter(([at]) => at >= x - 8 && at <= x + width + 8).map(([, y]) => y)
  const bottom = top + yaxis._length
  const rooms = [Math.min(bottom, ...inside) - top, bottom - Math.max(top, ...inside)]
  const y = rooms[0] > rooms[1] ? top + 6 : bottom - height - 8
  box.setAttribute('transform', `translate(${x}, ${y})`)
}

export default async function ({ parentElement, data }) {
  const box = parentElement.querySelector('.outcomes-figure')
  if (!figures.has(box)) {
    figures.set(box, { box, plot: box.firstElementChild, text: '' })
    import(SAVING).then(({ addMenu }) => addMenu(box, (said, panel) => box.outcomesSource(panel), () =>
      listPanels(figures.get(box)).map(({ text }) => toWords(text))))
  }
  const shown = figures.get(box), text = new TextDecoder().decode(data)
  if (text !== shown.text) {
    const { figure, alt, stem, presented } = JSON.parse(text)
    Object.assign(shown, { text, figure, presented })
    box.outcomesSource = (panel) => panel === undefined
      ? { stem, height: figure.layout.height, draw: (...look) => toPicture(shown, panel, ...look) }
      : { title: toWords(listPanels(shown)[panel].text), stem: `${stem}_${panel + 1}`, height: PANEL_HEIGHT, draw: (...look) => toPicture(shown, panel, ...look) }
    box.setAttribute('aria-label', alt)
    if (!window.Plotly) await loadPlotly()
    draw(shown)
  }
  return () => {
    shown.watched?.disconnect()
    if (window.Plotly) window.Plotly.purge(shown.plot)
    figures.delete(box)
  }
}
