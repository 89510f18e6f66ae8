// The choices of an analysis: the first ones in a row, the others behind a button, made once it is opened.
// `value` holds what is chosen by name. A click is shown at once and sent with the number of its step; an answer to an older
// step is not taken, so that it cannot undo a newer click.

const FEW = 3 // options that stand beside each other
const STEP_MS = 350 // a number that is stepped by the keyboard is asked for when it rests
const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }
const boxes = new WeakMap()
let n_made = 0

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector('.outcomes-choices')
  const text = JSON.stringify(data.controls)
  if (boxes.get(root)?.text !== text) {
    boxes.get(root)?.leave()
    boxes.set(root, new Choices(root, text))
  }
  const box = boxes.get(root)
  box.send = (value, step) => setStateValue('choices', { value, step })
  box.hear(data)
  return () => {
    box.leave()
    boxes.delete(root)
  }
}

function make(tag, properties = {}, ...parts) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...parts)
  return element
}

// Under what it belongs to, within the window.
function place(panel, at) {
  const { left, bottom, top } = at.getBoundingClientRect(), { width, height } = panel.getBoundingClientRect()
  panel.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`
  panel.style.top = `${Math.max(8, bottom + 4 + height > innerHeight - 8 && top > height + 12 ? top - height - 4 : Math.min(bottom + 4, innerHeight - height - 8))}px`
}

// A panel over the page that a button opens, filled by ``fill`` while it is open.
function open(button, className, fill, emptied = () => {}) {
  const panel = make('div', { className, popover: 'auto' })
  button.popoverTargetElement = panel
  panel.addEventListener('beforetoggle', (event) => {
    if (event.target === panel && event.newState === 'open') panel.replaceChildren(fill())
  })
  const follow = (event) => { if (!panel.contains(event.target)) place(panel, button) }
  panel.addEventListener('toggle', (event) => {
    if (event.target !== panel) return
    if (event.newState === 'open') {
      place(panel, button)
      document.addEventListener('scroll', follow, true)
    } else {
      document.removeEventListener('scroll', follow, true)
      panel.replaceChildren()
      emptied()
    }
  })
  return panel
}

class Choices {
  constructor(root, text) {
    this.root = root
    this.text = text
    this.controls = JSON.parse(text)
    this.value = {}
    this.step = -1
    this.painted = new Map() // how each choice that is drawn shows what it holds
    const more = this.controls.filter((control) => control.more)
    root.replaceChildren(...this.controls.filter((control) => !control.more).map((control) => this.draw(control)))
    if (more.length) root.append(this.drawMore(more))
    this.outside = (event) => {
      for (const list of root.querySelectorAll('details[open]')) {
        if (event.key === 'Escape' || (!event.key && !list.contains(event.target))) this.fold(list)
      }
    }
    for (const kind of ['pointerdown', 'keydown']) document.addEventListener(kind, this.outside)
  }

  leave() {
    for (const kind of ['pointerdown', 'keydown']) document.removeEventListener(kind, this.outside)
  }

  fold(list) {
    const held = list.contains(document.activeElement)
    list.open = false
    if (held) list.firstElementChild.focus()
  }

  hear({ value, step }) {
    if (step < this.step) return
    this.value = value
    this.step = step
    this.paint()
  }

  paint() {
    for (const [name, show] of this.painted) show(this.value[name])
  }

  ask(name, chosen) {
    if (JSON.stringify(chosen) === JSON.stringify(this.value[name])) return
    this.value = { ...this.value, [name]: chosen }
    this.step += 1
    this.paint()
    this.send(this.value, this.step)
  }

  drawMore(more) {
    const button = make('button', { type: 'button', className: 'oc-open', textContent: 'Options' })
    const panel = open(button, 'oc-panel', () => {
      const body = make('div', { className: 'oc-body', role: 'group', ariaLabel: 'Options' }, ...more.map((control) => this.draw(control)))
      body.dataset.testid = 'stPopoverBody'
      this.paint()
      return body
    }, () => more.forEach(({ name }) => this.painted.delete(name)))
    return make('div', { className: 'oc-choice' }, button, panel)
  }

  draw(control) {
    const id = `oc-${n_made += 1}`
    const label = make('span', { className: 'oc-label', id, textContent: control.label })
    const [field, show] = this[control.kind === 'one' && control.options.length > FEW ? 'list' : control.kind](control, id)
    this.painted.set(control.name, show)
    const head = make('div', { className: 'oc-head' }, make('p', {}, label))
    head.dataset.testid = 'stWidgetLabel'
    const parts = control.kind === 'toggle' ? [make('label', { className: 'oc-check' }, field, label)] : [head, field]
    if (control.help) {
      const help = make('button', { type: 'button', className: 'oc-help', textContent: '?', title: control.help, ariaLabel: `Help for ${control.label}` })
      const said = open(help, 'oc-said', () => make('p', { textContent: control.help }))
      if (control.kind === 'toggle') parts.push(help, said)
      else head.append(help, said)
    }
    return make('div', { className: `oc-choice oc-${control.kind} st-key-${control.name}` }, ...parts)
  }

  // Each kind: what a reader holds, and how it shows what is chosen

  one({ name, options }, id) {
    const buttons = options.map(([value, text]) => {
      const button = make('button', { type: 'button', role: 'radio', textContent: text, onclick: () => this.ask(name, value) })
      button.dataset.variant = 'segmented_control'
      return button
    })
    const group = make('div', { role: 'radiogroup', className: 'oc-few' }, ...buttons)
    group.setAttribute('aria-labelledby', id)
    group.onkeydown = (event) => {
      const by = KEYS[event.key]
      if (!by) return
      event.preventDefault()
      const next = buttons[(buttons.indexOf(event.target) + by + buttons.length) % buttons.length]
      next.focus()
      next.click()
    }
    return [group, (chosen) => buttons.forEach((button, i) => {
      const isChosen = options[i][0] === chosen
      button.ariaChecked = String(isChosen)
      button.tabIndex = isChosen ? 0 : -1
    })]
  }

  list({ name, options }, id) {
    const field = make('select', { onchange: () => this.ask(name, field.value) }, ...options.map(([value, text]) => new Option(text, value)))
    field.setAttribute('aria-labelledby', id)
    return [field, (chosen) => { field.value = chosen }]
  }

  many({ name, options }, id) {
    const boxes = options.map(([value]) => make('input', { type: 'checkbox', onchange: ({ target }) => {
      // In the order in which they were chosen.
      const others = this.value[name].filter((one) => one !== value)
      this.ask(name, target.checked ? [...others, value] : others)
    } }))
    const said = make('span', { id: `${id}-said`, className: 'oc-chosen' })
    const lid = make('summary', {}, said)
    lid.setAttribute('aria-labelledby', `${id} ${id}-said`)
    const items = options.map(([, text], i) => make('label', {}, boxes[i], text))
    const body = make('div', { role: 'group', className: 'oc-items', tabIndex: -1 }, ...items)
    body.setAttribute('aria-labelledby', id)
    const labels = Object.fromEntries(options)
    return [make('details', {}, lid, body), (chosen) => {
      options.forEach(([value], i) => { boxes[i].checked = chosen.includes(value) })
      said.textContent = chosen.length ? chosen.map((value) => labels[value]).join(', ') : 'none'
    }]
  }

  toggle({ name }) {
    const field = make('input', { type: 'checkbox', onchange: () => this.ask(name, field.checked) })
    return [field, (chosen) => { field.checked = chosen }]
  }

  number({ name, limits: [min, max], step }, id) {
    const said = make('output')
    const field = make('input', { type: 'range', min, max, step })
    let waiting
    field.oninput = () => {
      said.textContent = field.value
      clearTimeout(waiting)
      waiting = setTimeout(() => this.ask(name, Number(field.value)), STEP_MS)
    }
    field.setAttribute('aria-labelledby', id)
    return [make('div', { className: 'oc-slider' }, field, said), (chosen) => {
      field.value = chosen
      said.textContent = chosen
    }]
  }
}
