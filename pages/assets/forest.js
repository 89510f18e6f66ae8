export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector('.forest-box')
  if (box.dataset.drawn !== data.html) {
    box.innerHTML = data.html
    box.dataset.drawn = data.html
    box.setAttribute('aria-label', data.alt)
  }
  const choose = (event) => {
    const row = event.target.closest('[role="button"][data-variable]')
    if (!row || (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ')) return
    event.preventDefault()
    setTriggerValue('reference', { variable: row.dataset.variable, level: row.dataset.level })
  }
  box.onclick = choose
  box.onkeydown = choose
}
