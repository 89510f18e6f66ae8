// The saved picture is made of the layers that the browser has drawn, on the page's own background, with the lines that
// say whom it shows beneath it.

const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'})[c])

function wrapped(text, longest) {
  const lines = ['']
  for (const word of text.split(' ')) {
    if ((lines[lines.length - 1] + ' ' + word).length > longest) lines.push(word)
    else lines[lines.length - 1] = (lines[lines.length - 1] + ' ' + word).trim()
  }
  return lines
}

// A click on the legend hides a curve on this screen alone: counts, tests and tables are still those of all groups, so
// that the file has to say what is not to be seen in it.
function hidden(plot) {
  const out = (plot._fullData || []).filter((trace) => trace.visible === 'legendonly' && trace.showlegend)
  const names = [...new Set(out.map((trace) => trace.name.replaceAll('<br>', ' ')))]
  return names.length ? [`Hidden in this picture by a click on its legend, and counted all the same: ${names.join('; ')}.`] : []
}

function drawn(data) {
  if (data.svg) return data.svg
  const plot = document.querySelector('[data-testid="stPlotlyChart"] .js-plotly-plot')
  if (!plot) return ''
  const { width, height } = plot.getBoundingClientRect()
  const app = getComputedStyle(document.querySelector('[data-testid="stApp"]'))
  const layers = [...plot.querySelectorAll('svg.main-svg')].map((layer) => {
    const copy = layer.cloneNode(true)
    const inks = [...layer.querySelectorAll('text')].map((text) => getComputedStyle(text).fill)
    copy.querySelectorAll('text').forEach((text, i) => { text.style.fill = inks[i] })
    copy.querySelectorAll('.hoverlayer').forEach((part) => part.remove())
    return new XMLSerializer().serializeToString(copy)
  })
  const said = [...data.lines.slice(0, 1), ...hidden(plot), ...data.lines.slice(1)]
  const lines = said.flatMap((line) => wrapped(line, Math.floor(width / 6)))
  const foot = lines.map((line, i) =>
    `<text x="10" y="${height + 18 + 15 * i}" font-size="11" font-weight="${i ? 400 : 600}">${escaped(line)}</text>`)
  const tall = Math.ceil(height + 24 + 15 * lines.length)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${tall}" ` +
    `viewBox="0 0 ${Math.ceil(width)} ${tall}" font-family="${escaped(app.fontFamily).replace(/&quot;/g, "'")}" ` +
    `fill="${app.color}"><rect width="100%" height="100%" fill="${app.backgroundColor}"/>` +
    layers.join('') + foot.join('') + '</svg>'
}

function save(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

function savePng(svg, name) {
  const image = new Image()
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml;charset=utf-8' }))
  image.onload = () => {
    const canvas = document.createElement('canvas')
    canvas.width = 2 * image.width
    canvas.height = 2 * image.height
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
    canvas.toBlob((blob) => save(blob, name), 'image/png')
    URL.revokeObjectURL(address)
  }
  image.src = address
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Without a secure connection browsers offer no clipboard; selecting a field and copying still works.
    const field = document.createElement('textarea')
    field.value = text
    document.body.append(field)
    field.select()
    document.execCommand('copy')
    field.remove()
  }
}

export default function ({ parentElement, data }) {
  const button = (name) => parentElement.querySelector(`[data-action="${name}"]`)
  button('copy').dataset.link = data.link
  button('copy').onclick = async () => {
    await copy(data.link)
    button('copy').textContent = 'Link copied'
    setTimeout(() => { button('copy').textContent = 'Copy link' }, 2000)
  }
  button('svg').hidden = button('png').hidden = !data.stem
  button('svg').onclick = () => save(new Blob([drawn(data)], { type: 'image/svg+xml' }), `${data.stem}.svg`)
  button('png').onclick = () => savePng(drawn(data), `${data.stem}.png`)
}
