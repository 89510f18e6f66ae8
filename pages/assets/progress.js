// What a learner has answered stays in the browser: a new session is told of it once, and what it knows later is kept.

const KEY = 'outcomes-lessons'

export default function ({ data, setStateValue }) {
  // Who answers by the keyboard goes on where the answer is: what had the focus is gone.
  if (data.committed) document.querySelector('[data-testid="verdict"]')?.focus({ preventScroll: true })
  try {
    const kept = localStorage.getItem(KEY) ?? ''
    if (data.forgotten) localStorage.removeItem(KEY)
    else if (!data.told && kept) setStateValue('kept', kept)
    else if (data.progress !== '{}') localStorage.setItem(KEY, data.progress)
    if (!data.told && !kept) setStateValue('kept', '{}')
  } catch {
    // Where a browser keeps nothing, the answers last as long as the session.
  }
}
