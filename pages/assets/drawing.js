// A picture of the page that is made of boxes and words as one SVG of plain shapes, which any program draws: laid out anew out
// of sight at a width of its own, in the light colours, whatever the window and the theme.

const LEAST = 880 // of a drawing with small words in it: narrower they could not be read
const PAGE = {
  position: 'fixed', left: '-20000px', top: '0', colorScheme: 'light', hyphens: 'manual', pointerEvents: 'none', padding: '6px 8px', boxSizing: 'border-box',
}
const STYLES = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'opacity', 'font-size', 'font-weight', 'text-anchor', 'paint-order']
const PLAIN = { stroke: 'none', opacity: '1', 'font-weight': '400', 'text-anchor': 'start', 'paint-order': 'normal', 'stroke-dasharray': 'none', 'stroke-linejoin': 'miter' }
const SIDES = ['Top', 'Right', 'Bottom', 'Left']

const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
const colours = new Map()
const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])
const short = (number) => String(Math.round(100 * number) / 100)

// Any colour that a style sheet can say, mixed ones too, as a plain one and how far it covers.
function toPaint(colour) {
  if (!colours.has(colour)) {
    pen.clearRect(0, 0, 1, 1)
    pen.fillStyle = colour
    pen.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data
    colours.set(colour, [`#${[r, g, b].map((c) => c.toString(16).padStart(2, '0')).join('')}`, a / 255])
  }
  return colours.get(colour)
}

function fillOf(colour) {
  const [paint, cover] = toPaint(colour)
  return `fill="${paint}"${cover < 1 ? ` fill-opacity="${short(cover)}"` : ''}`
}

const bar = (x, y, width, height, colour) => width > 0 && height > 0 && toPaint(colour)[1] > 0
  ? `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" ${fillOf(colour)}/>` : ''

function drawBox(box, look, from) {
  const [x, y] = [box.left - from.left, box.top - from.top]
  const wide = Object.fromEntries(SIDES.map((side) => [side, look[`border${side}Style`] === 'none' ? 0 : parseFloat(look[`border${side}Width`])]))
  return bar(x, y, box.width, box.height, look.backgroundColor) +
    bar(x, y, box.width, wide.Top, look.borderTopColor) + bar(x, y, wide.Left, box.height, look.borderLeftColor) +
    bar(x, y + box.height - wide.Bottom, box.width, wide.Bottom, look.borderBottomColor) +
    bar(x + box.width - wide.Right, y, wide.Right, box.height, look.borderRightColor)
}

// The lines of a text as they are broken on the page.
function drawWords(node, look, from) {
  const range = document.createRange(), lines = []
  for (let i = 0; i < node.data.length; i += 1) {
    range.setStart(node, i)
    range.setEnd(node, i + 1)
    const [box] = range.getClientRects()
    if (!box) continue
    const line = lines.at(-1)
    if (!line || Math.abs(box.top - line.top) > box.height / 2) lines.push({ text: node.data[i], top: box.top, left: box.left, right: box.right })
    else Object.assign(line, { text: line.text + node.data[i], right: Math.max(line.right, box.width ? box.right : 0) })
  }
  pen.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`
  const ascent = pen.measureText('x').fontBoundingBoxAscent
  const isRight = ['right', 'end'].includes(look.textAlign)
  return lines.filter(({ text }) => text.trim()).map(({ text, top, left, right }) => {
    const said = look.textTransform === 'uppercase' ? text.trim().toUpperCase() : text.trim()
    return `<text x="${short((isRight ? right : left) - from.left)}" y="${short(top - from.top + ascent)}"${isRight ? ' text-anchor="end"' : ''} ` +
      `font-size="${parseFloat(look.fontSize)}" font-weight="${look.fontWeight}" ${fillOf(look.color)}>${escaped(said)}</text>`
  }).join('')
}

// An SVG of the page with its styles written into it.
function drawSvg(svg, from) {
  const box = svg.getBoundingClientRect()
  const all = [...svg.querySelectorAll('*')].filter((each) => !each.matches('title, desc'))
  const looks = all.map((each) => {
    const look = getComputedStyle(each)
    return STYLES.map((name) => [name, look.getPropertyValue(name)])
  })
  all.forEach((each, i) => {
    const seen = Object.fromEntries(looks[i])
    if (each.matches('rect, path, line') && seen.fill === 'none' && seen.stroke === 'none') { each.remove(); return }
    for (const name of each.getAttributeNames().filter((name) => /^(class|style|data-|aria-|role|tabindex)/.test(name))) each.removeAttribute(name)
    if (each.matches('g')) {
      if (seen.opacity !== '1') each.setAttribute('opacity', seen.opacity)
      return
    }
    for (const [name, value] of looks[i]) {
      if (value === PLAIN[name] || (name.startsWith('stroke-') && seen.stroke === 'none') || (name.startsWith('font') && !each.matches('text, tspan'))) continue
      if (/^(fill|stroke)$/.test(name) && value !== 'none') {
        const [paint, cover] = toPaint(value)
        each.setAttribute(name, paint)
        if (cover < 1) each.setAttribute(`${name}-opacity`, short(cover))
      } else each.setAttribute(name, value.replaceAll('px', ''))
    }
  })
  const inner = [...svg.children].map((each) => new XMLSerializer().serializeToString(each).replaceAll(' xmlns="http://www.w3.org/2000/svg"', '')).join('')
  return `<svg x="${short(box.left - from.left)}" y="${short(box.top - from.top)}" width="${short(box.width)}" height="${short(box.height)}" ` +
    `viewBox="${svg.getAttribute('viewBox')}">${inner}</svg>`
}

function drawAll(element, from) {
  const look = getComputedStyle(element)
  if (look.display === 'none' || look.visibility === 'hidden') return ''
  if (element instanceof SVGSVGElement) return drawSvg(element, from)
  const within = [...element.childNodes].map((node) =>
    node instanceof Text ? drawWords(node, look, from) : node instanceof Element ? drawAll(node, from) : '').join('')
  const drawn = drawBox(element.getBoundingClientRect(), look, from) + within
  return look.opacity === '1' || !drawn ? drawn : `<g opacity="${look.opacity}">${drawn}</g>`
}

// `part` is the number of the small picture that is laid out alone.
function layOut(picture, width, ink, family, part) {
  const page = picture.cloneNode(true)
  if (part !== undefined) {
    [...page.querySelectorAll('.glance-picture')].forEach((each, i) => { if (i !== part) each.remove() })
    page.querySelector('.glance').classList.add('alone')
  }
  for (const each of [page, ...page.querySelectorAll('[id]')]) each.removeAttribute('id')
  Object.assign(page.style, PAGE, { width: `${picture.querySelector('svg[viewBox]') ? Math.max(width, LEAST) : width}px`, color: ink, fontFamily: family })
  for (const [name, colour] of [['background', '#ffffff'], ['text', ink], ['border', '#c9d3d9']]) page.style.setProperty(`--st-${name}-color`, colour)
  for (const each of page.querySelectorAll('.outcomes-press')) each.remove()
  page.inert = true
  picture.closest('.stApp').append(page)
  return page
}

export function heightAt(picture, width, ...look) {
  const page = layOut(picture, width, ...look)
  const { height } = page.getBoundingClientRect()
  page.remove()
  return height
}

export function drawPicture(picture, width, ...look) {
  const page = layOut(picture, width, ...look), from = page.getBoundingClientRect()
  const drawn = drawAll(page, from)
  page.remove()
  const [wide, high] = [Math.round(from.width), Math.ceil(from.height)]
  return { svg: `<svg width="${wide}" height="${high}">${drawn}</svg>`, width: wide, height: high }
}
