// Moves the control of a lesson from its lowest value to its highest, a step at a time: the figure changes along. A second
// press stops it, and so does whoever takes hold of the control.

let timer

export default function ({ parentElement, data, setTriggerValue }) {
  const button = parentElement.querySelector('button')
  button.textContent = data.label
  const stop = () => {
    clearTimeout(timer)
    timer = undefined
    button.setAttribute('aria-pressed', 'false')
  }
  const step = (left) => {
    if (!button.isConnected || !left.length) return stop()
    setTriggerValue('at', left[0])
    timer = setTimeout(step, data.pause, left.slice(1))
  }
  button.onclick = () => {
    if (timer) return stop()
    button.setAttribute('aria-pressed', 'true')
    step(data.values)
    document.querySelector(`.st-key-${data.control}`)?.addEventListener('pointerdown', stop, { once: true })
  }
}
