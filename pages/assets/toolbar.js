// Buttons that copy the link and keep the main figure.

const base = document.querySelector('script[src*="/static/js/"]').src.split('/static/js/')[0]

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

function mainFigure(data) {
  if (!data.svg) return document.querySelector('.outcomes-figure').outcomesSource()
  const [, width, height] = data.svg.match(/width="(\d+)" height="(\d+)"/).map(Number)
  return { stem: data.stem, height, draw: () => ({ svg: data.svg, width, height }) }
}

export default function ({ parentElement, data }) {
  const button = (name) => parentElement.querySelector(`[data-action="${name}"]`)
  button('copy').dataset.link = data.link
  button('copy').onclick = async () => {
    await copy(data.link)
    button('copy').textContent = 'Link copied'
    setTimeout(() => { button('copy').textContent = 'Copy link' }, 2000)
  }
  for (const each of parentElement.querySelectorAll('[data-action]:not([data-action="copy"])')) {
    each.hidden = !data.alt
    each.onclick = async () => {
      const { save, saidOfPage } = await import(`${base}/${data.saving}`)
      save(mainFigure(data), { ...saidOfPage(), alt: data.alt }, each.dataset.action)
    }
  }
}
