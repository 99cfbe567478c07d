// Times as people say them. The page is in English, whatever its reader's browser is in; an English reader gets the
// forms of their own country.

export const LOCALE = globalThis.navigator?.languages?.find((language) => /^en\b/i.test(language)) ?? 'en'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const ago = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto', style: 'short' })
const dateAndTime = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' })
const timeOnly = new Intl.DateTimeFormat(LOCALE, { timeStyle: 'short' })
const dueTime = new Intl.DateTimeFormat(LOCALE, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
})
const dueTimeOfAnotherYear = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' })

/** How long ago something was. Clocks differ a little: what lies ahead was just now. */
export function timeAgo(/** @type {Date} */ instant, /** @type {Date} */ now) {
  const ms = now.getTime() - instant.getTime()
  if (ms < MINUTE_MS) return 'just now'
  if (ms < HOUR_MS) return ago.format(-Math.floor(ms / MINUTE_MS), 'minute')
  if (ms < DAY_MS) return ago.format(-Math.floor(ms / HOUR_MS), 'hour')
  return ago.format(-Math.floor(ms / DAY_MS), 'day')
}

export const exactTime = (/** @type {Date} */ instant) => dateAndTime.format(instant)

export const timeOfDay = (/** @type {Date} */ instant) => timeOnly.format(instant)

/** A time to come, or one that was, such as «Mon, 30 Nov, 09:00». */
export function pointInTime(/** @type {Date} */ instant, /** @type {Date} */ now) {
  return instant.getFullYear() === now.getFullYear() ? dueTime.format(instant) : dueTimeOfAnotherYear.format(instant)
}

/** A calendar day has no time zone: it is the same day whoever looks at it. */
const ofDay = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
  const format = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: 'UTC' })
  return (/** @type {string} */ date) => format.format(new Date(`${date}T00:00:00Z`))
}

export const weekday = ofDay({ weekday: 'narrow' })
export const dayOfMonth = ofDay({ day: 'numeric' })
export const dayAndMonth = ofDay({ day: 'numeric', month: 'short' })
export const wholeDay = ofDay({ weekday: 'short', day: 'numeric', month: 'short' })

/** The name of the browser's time zone; undefined where it does not say. */
export function ownTimezone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
