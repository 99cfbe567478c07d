/** @import { DayCount } from './types.ts' */
import { elementById, make, setText } from './elements.js'
import { dayAndMonth, dayOfMonth, LOCALE, weekday, wholeDay } from './times.js'

/** A single completion is no full bar. */
const LEAST_SCALE = 4

const number = new Intl.NumberFormat(LOCALE)

/** Completions by day: as bars, as a sentence for who does not see them, and as a table for who wants the numbers. */
export function showChart(/** @type {readonly DayCount[]} */ days) {
  const counts = days.map(({ count }) => count)
  const scale = Math.max(LEAST_SCALE, ...counts)
  const sum = counts.reduce((total, count) => total + count, 0)
  const first = days[0]?.date ?? ''
  const last = days.at(-1)?.date ?? ''

  const range = `${dayAndMonth(first)} – ${dayAndMonth(last)}`
  setText(elementById('chart-days'), `${range} · ${number.format(sum)} in all`)
  setText(elementById('chart-summary'), summaryOf(days, sum))
  elementById('bars').replaceChildren(
    ...days.map(({ date, count }) => {
      const column = make(
        'div',
        date === last ? 'day today' : 'day',
        make('span', 'column', make('span', 'bar'), make('span', 'count', count === 0 ? '' : number.format(count))),
        make('span', 'weekday', weekday(date)),
        make('span', 'date', dayOfMonth(date)),
      )
      column.title = `${wholeDay(date)}: ${number.format(count)}`
      column.style.setProperty('--share', String(count / scale))
      return column
    }),
  )
  elementById('chart-rows').replaceChildren(
    ...days.toReversed().map(({ date, count }) => {
      const day = make('th', '', wholeDay(date))
      day.setAttribute('scope', 'row')
      return make('tr', '', day, make('td', '', number.format(count)))
    }),
  )
}

/** @param {readonly DayCount[]} days @param {number} sum */
function summaryOf(days, sum) {
  const best = days.toSorted((a, b) => b.count - a.count)[0]
  const most = best === undefined || best.count === 0 ? '' : `, most on ${wholeDay(best.date)}: ${best.count}`
  const today = days.at(-1)?.count ?? 0
  return `Bars of the last ${days.length} days: ${sum} completed${most}. Today: ${today}. The table below has each day.`
}
