// Saved pictures are always light and of a size of their own, whatever the window and the theme; each shows every curve, the
// hidden ones too. A short line under it says whom it shows, all the rest stands in the file's metadata.

const INK = '#1b2330', SOFT = '#5a6472'
const FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
const MM = 96 / 25.4
const SLIDE = { width: 1920, height: 1080, margin: 56, foot: 22 }
const NARROW_MM = 89, WIDE_MM = 183  // one and two columns of a journal
const DPI = 300

const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])

function wrapped(text, longest) {
  const lines = ['']
  for (const word of text.split(' ')) {
    if ((lines.at(-1) + ' ' + word).trim().length > longest) lines.push(word)
    else lines[lines.length - 1] = (lines.at(-1) + ' ' + word).trim()
  }
  return lines
}

const say = (lines, x, y, size, step, look = () => '') => lines.map((line, i) =>
  `<text x="${x}" y="${y + step * i}" font-size="${size}"${look(i)}>${escaped(line)}</text>`).join('')

const place = ({ svg, width, height }, x, y, scale = 1) => svg.replace(/<svg[^>]*>/, (head) =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" x="${x}" y="${y}" ` +
  `width="${width * scale}" height="${height * scale}" viewBox="0 0 ${width} ${height}"` +
  [...head.matchAll(/ (?:style|fill|font-size|font-family)="[^"]*"/g)].join('') + '>')

function frame(width, height, size, said, parts) {
  const metadata = [...said.lines, said.link].map(escaped).join('\n')
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${width} ${height}" font-family="${FAMILY}" fill="${INK}">` +
    `<title>${escaped(said.lines[0] ?? '')}</title><desc>${escaped(said.alt)}</desc><metadata>${metadata}</metadata>` +
    `<rect width="100%" height="100%" fill="#ffffff"/>${parts}</svg>`
}

// With all that the file says, beneath the figure.
function drawFull(drawing, said) {
  const lines = said.lines.flatMap((line) => wrapped(line, Math.floor(drawing.width / 6)))
  const height = Math.ceil(drawing.height + 24 + 15 * lines.length)
  const parts = place(drawing, 0, 0) + say(lines, 10, drawing.height + 18, 11, 15, (i) => i ? '' : ' font-weight="600"')
  return { svg: frame(drawing.width, height, `width="${drawing.width}" height="${height}"`, said, parts), width: drawing.width, height }
}

function drawSlide(drawing, said) {
  const { width, height, margin, foot } = SLIDE
  const lines = wrapped(said.short, Math.floor((width - 2 * margin) / (0.5 * foot)))
  const top = 120, bottom = height - margin / 2 - 1.35 * foot * lines.length
  const scale = Math.min((width - 2 * margin) / drawing.width, (bottom - foot - top) / drawing.height)
  const parts = say([said.lines[0] ?? ''], margin, 80, 44, 0, () => ' font-weight="600"') +
    place(drawing, (width - scale * drawing.width) / 2, top, scale) +
    say(lines, margin, bottom + foot, foot, 1.35 * foot, () => ` fill="${SOFT}"`)
  return { svg: frame(width, height, `width="${width}" height="${height}"`, said, parts), width, height }
}

function drawColumn(drawing, said) {
  const { width } = drawing, mm = width > 600 ? WIDE_MM : NARROW_MM
  const unit = width / (mm * MM)  // so that the foot is as large on paper whatever is above it
  const lines = wrapped(said.short, Math.floor(width / (4.4 * unit)))
  const height = Math.ceil(drawing.height + unit * (6 + 11 * lines.length))
  const parts = place(drawing, 0, 0) + say(lines, 4 * unit, drawing.height + 9 * unit, 8.5 * unit, 11 * unit, () => ` fill="${SOFT}"`)
  const size = `width="${mm}mm" height="${(height / unit / MM).toFixed(2)}mm"`
  return { svg: frame(width, height, size, said, parts), width: mm * MM, height: height / unit }
}

// For a slide the figure is drawn in the slide's own proportions: its height is given, and its letters grow with it.
const PRESETS = {
  svg: { draw: drawFull, width: () => 900 },
  png: { draw: drawFull, width: () => 900, scale: DPI / 96 },
  slide: { draw: drawSlide, width: (height) => Math.min(1200, Math.max(760, Math.round(2.08 * height))), scale: 1, part: '_slide' },
  'journal-svg': { draw: drawColumn, width: () => 420, part: '_journal' },
  'journal-png': { draw: drawColumn, width: () => 420, scale: DPI / 96, part: '_journal' },
}

export function download(blob, name) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit += 1) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1
  return n
})

function chunk(kind, content) {
  const bytes = new Uint8Array(12 + content.length), view = new DataView(bytes.buffer)
  view.setUint32(0, content.length)
  bytes.set(new TextEncoder().encode(kind), 4)
  bytes.set(content, 8)
  let sum = 0xffffffff
  for (const byte of bytes.subarray(4, 8 + content.length)) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8)
  view.setUint32(8 + content.length, (sum ^ 0xffffffff) >>> 0)
  return bytes
}

// A text of a PNG in Latin letters, or in any (iTXt: not packed, no language).
function textChunk(name, text) {
  const utf8 = new TextEncoder()
  if (/^[\x20-\x7e\n]*$/.test(text)) return chunk('tEXt', utf8.encode(`${name}\0${text}`))
  return chunk('iTXt', utf8.encode(`${name}\0\0\0\0\0${text}`))
}

async function toPng({ svg, width, height }, scale, said) {
  const image = new Image()
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml;charset=utf-8' }))
  image.src = address
  await image.decode()
  const canvas = Object.assign(document.createElement('canvas'), { width: Math.round(scale * width), height: Math.round(scale * height) })
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
  URL.revokeObjectURL(address)
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'))
  const plain = new Uint8Array(await blob.arrayBuffer())
  const size = new DataView(new ArrayBuffer(9)), perMetre = Math.round(scale * 96 / 0.0254)
  size.setUint32(0, perMetre)
  size.setUint32(4, perMetre)
  size.setUint8(8, 1)
  const more = [
    chunk('pHYs', new Uint8Array(size.buffer)), textChunk('Title', said.lines[0] ?? ''),
    textChunk('Description', said.lines.join('\n')), textChunk('Source', said.link),
  ]
  return new Blob([plain.subarray(0, 33), ...more, plain.subarray(33)], { type: 'image/png' })  // behind the header
}

// `source.draw(width, ink, family)` gives the figure as SVG with its width and height; `said` has lines, short, link and alt.
// The height is known, or asked for as the drawing is.
export async function save(source, said, name) {
  const { draw, width, scale, part = '' } = PRESETS[name]
  const height = source.height ?? await source.heightAt(PRESETS.svg.width(), INK, FAMILY)
  const drawn = draw(await source.draw(width(height), INK, FAMILY), said)
  if (scale) download(await toPng(drawn, scale, said), `${source.stem}${part}.png`)
  else download(new Blob([drawn.svg], { type: 'image/svg+xml' }), `${source.stem}${part}.svg`)
}

export const CHOICES = [
  ['slide', 'Slide, 1920 × 1080 (PNG)'], ['journal-svg', 'Journal column (SVG)'], ['journal-png', 'Journal column, 300 dpi (PNG)'],
  ['svg', 'With its whole provenance (SVG)'], ['png', 'With its whole provenance (PNG)'],
]

// What the page says of itself: whom it shows, how it was made, and the link to it; of a picture of two selections, of both.
export function saidOfPage(box) {
  const said = box?.closest('.st-key-versus_place')?.querySelector('[data-said-beside]')?.dataset.saidBeside ??
    document.querySelector('[data-said]')?.dataset.said
  return said ? JSON.parse(said) : { lines: [document.title], short: document.title, link: location.href }
}

// A small menu on a figure that keeps one picture or another; of one that is made of small ones (`listParts` names them) also
// each of these: `source` is asked for the number of one, or for none.
export function addMenu(box, source, listParts = () => []) {
  const menu = document.createElement('details')
  menu.className = 'outcomes-save'
  menu.innerHTML = '<summary aria-label="Save this picture" title="Save this picture">⤓</summary><div>' +
    '<select aria-label="Which picture" hidden></select>' + CHOICES.map(([name, label]) => `<button type="button" data-save="${name}">${label}</button>`).join('') + '</div>'
  const which = menu.querySelector('select')
  menu.ontoggle = () => {
    // Emptied when it closes: options of before, replaced after somebody has chosen, would undo the choice.
    const names = menu.open ? listParts() : []
    which.hidden = names.length < 2
    which.replaceChildren(...(which.hidden ? [] : [new Option('All together', ''), ...names.map((name, i) => new Option(name, i))]))
  }
  menu.onclick = (event) => {
    const name = event.target.dataset?.save
    if (!name) return
    menu.open = false
    const said = saidOfPage(box)
    const part = which.value === '' ? undefined : Number(which.value)
    const { title, alt = box.getAttribute('aria-label') ?? '', ...kept } = source(said, part)
    const [first, ...others] = said.lines
    save(kept, { ...said, lines: [title ? `${first}: ${title}` : first, ...others], alt }, name)
  }
  menu.onkeydown = (event) => { if (event.key === 'Escape' && menu.open) { menu.open = false; menu.firstChild.focus() } }
  menu.addEventListener('focusout', (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false })
  box.append(menu)
}
