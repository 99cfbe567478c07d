/** @import { Stats } from './types.ts' */
import { elementById, make, setText } from './elements.js'
import { LOCALE } from './times.js'

const PRIORITIES = ['URGENT', 'HIGH', 'MEDIUM', 'LOW']
const DAYS_OF_A_WEEK = 7

const number = new Intl.NumberFormat(LOCALE)
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent' })

/** The counts: those that stand alone, and those that are shares of a whole. */
export function showFigures(/** @type {Stats} */ stats) {
  const { total, pending, inProgress, completed, overdue, dueToday, completedToday, byPriority, completedPerDay } =
    stats
  const open = pending + inProgress
  for (const [name, count] of Object.entries({ overdue, dueToday, completedToday, open })) showCount(name, count)
  const week = completedPerDay.slice(-DAYS_OF_A_WEEK).reduce((sum, { count }) => sum + count, 0)
  setText(elementById('completed-week'), `${number.format(week)} in the last 7 days`)
  setText(elementById('of-all'), `of ${number.format(total)} in all`)
  showShares(elementById('by-status'), [
    { name: 'pending', label: 'Pending', count: pending },
    { name: 'in-progress', label: 'In progress', count: inProgress },
    { name: 'completed', label: 'Completed', count: completed },
  ])
  const known = new Map(byPriority.map(({ priority, count }) => [priority, count]))
  // A priority that is newer than this page comes last.
  const priorities = [...PRIORITIES, ...[...known.keys()].filter((priority) => !PRIORITIES.includes(priority))]
  showShares(
    elementById('by-priority'),
    priorities.map((priority) => ({
      name: priority.toLowerCase(),
      label: priority.charAt(0) + priority.slice(1).toLowerCase(),
      count: known.get(priority) ?? 0,
    })),
  )
}

function showCount(/** @type {string} */ name, /** @type {number} */ count) {
  for (const element of document.querySelectorAll(`[data-count="${name}"]`)) {
    const text = number.format(count)
    if (element.textContent === text) continue
    element.textContent = text
    element.closest('.figure')?.setAttribute('data-none', String(count === 0))
  }
}

/**
 * @param {HTMLElement} list
 * @param {readonly { name: string, label: string, count: number }[]} shares
 */
function showShares(list, shares) {
  const whole = shares.reduce((sum, { count }) => sum + count, 0)
  for (const { name, label, count } of shares) {
    const row = list.querySelector(`[data-share="${name}"]`) ?? list.appendChild(makeShare(name, label))
    const share = whole === 0 ? 0 : count / whole
    const [value, part, bar] = ['.value', '.part', '.bar'].map((selector) => row.querySelector(selector))
    if (value) setText(value, number.format(count))
    if (part) setText(part, percent.format(share))
    if (bar instanceof HTMLElement) bar.style.setProperty('--share', String(share))
    const segment = list.parentElement?.querySelector(`.stack [data-share="${name}"]`)
    if (segment instanceof HTMLElement) segment.style.flexGrow = String(share)
  }
}

function makeShare(/** @type {string} */ name, /** @type {string} */ label) {
  const row = make(
    'div',
    'share',
    make('dt', '', label),
    make('dd', '', make('span', 'value'), make('span', 'part'), make('span', 'bar')),
  )
  row.dataset.share = name
  return row
}
