// What a run says to the filters: their value, the counts behind the levels and how many are left. It comes apart from what
// the filters are, which then stays the same message on every click, and is not sent again.

export default function ({ data }) {
  window.outcomesFilters = data
  window.dispatchEvent(new Event('outcomes-filters'))
}
