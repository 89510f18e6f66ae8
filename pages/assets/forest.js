// A row whose level can be compared with has a button in its first cell; a click anywhere on the row does the same. The server
// draws what is kept of a forest, once it is asked for: the sign on it, that of other figures, leads to where it is.
const FILES = '.st-key-fold_files'

function leadToFiles(box) {
  const keep = document.createElement('div')
  keep.className = 'outcomes-save'
  keep.innerHTML = '<button type="button" class="outcomes-to-files" aria-label="Save this picture" title="Save this picture">⤓</button>'
  keep.onclick = () => {
    const fold = document.querySelector(`${FILES} details`)
    if (!fold.open) fold.querySelector('summary').click()
    fold.querySelector('summary').focus({ preventScroll: true })
    fold.scrollIntoView({ block: 'center' })
  }
  box.after(keep)
}

export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector('.forest-box')
  if (!box.parentElement.querySelector('.outcomes-save')) leadToFiles(box)
  if (box.dataset.drawn !== data.html) {
    const held = box.contains(document.activeElement) && document.activeElement.closest('tr[data-variable]')
    box.innerHTML = data.html
    box.dataset.drawn = data.html
    box.setAttribute('aria-label', data.alt)
    if (held) focusNear(held.dataset)
  }
  // The level that was chosen has no button any more: the focus goes to another one of its factor.
  function focusNear({ variable, level }) {
    const rows = [...box.querySelectorAll('tr[data-variable]')].filter((row) => row.dataset.variable === variable)
    rows.sort((a, b) => (b.dataset.level === level) - (a.dataset.level === level))
    rows.map((row) => row.querySelector('button')).find(Boolean)?.focus({ preventScroll: true })
  }
  box.onclick = (event) => {
    const row = event.target.closest('tr[data-variable]')
    if (row?.querySelector('button')) setTriggerValue('reference', { variable: row.dataset.variable, level: row.dataset.level })
  }
}
