// The entries of the glossary, with their pictures: plain HTML of the page takes no SVG.

const shown = new WeakMap() // a run that changes nothing leaves what is searched for

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector('.glossary-box')
  if (shown.get(box) === data.html) return
  shown.set(box, data.html)
  box.innerHTML = data.html
  for (const link of box.querySelectorAll('a[href^="http"]:not([data-turn])')) Object.assign(link, { target: '_blank', rel: 'noopener' })
  document.querySelector('.glossary-contents input')?.dispatchEvent(new Event('input', { bubbles: true })) // what is typed stays asked for
}
