import { shortened } from './notification.ts'

/** A title may be longer; a message has to stay readable on a phone. In Unicode code points. */
const MAX_TITLE = 200
/** Later than this it says so. */
const LATE_AFTER_MS = 60_000
const MINUTE_MS = 60_000
const MINUTES_AN_HOUR = 60
const MINUTES_A_DAY = 24 * 60

export interface Reminding {
  /** null: the task is gone. */
  readonly taskTitle: string | null
  /** RFC 3339. */
  readonly remindAt: string
  readonly dueAt: string | null
}

/**
 * What a reminder says when it goes out.
 *
 * @param waitedSince when it could have gone out
 */
export function reminderMessage({ taskTitle, remindAt, dueAt }: Reminding, waitedSince: Date, at: Date): string {
  const late = at.getTime() - waitedSince.getTime() > LATE_AFTER_MS
  const what = taskTitle === null ? 'a task' : shortened(taskTitle, MAX_TITLE)
  const when = dueAt === null ? '' : ` ${dueIn(new Date(dueAt).getTime() - at.getTime())}`
  return late ? `Late reminder (for ${minuteOf(remindAt)}): ${what}${when}` : `Reminder: ${what}${when}`
}

function dueIn(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS)
  if (minutes === 0) return 'is due now'
  return minutes > 0 ? `is due in ${lengthOf(minutes)}` : `was due ${lengthOf(-minutes)} ago`
}

/**
 * Its two largest units, from days on. Said by Intl.DurationFormat it would be half of what firing a reminder takes of a
 * worker (50 µs).
 */
function lengthOf(minutes: number): string {
  const days = Math.floor(minutes / MINUTES_A_DAY)
  const hours = Math.floor((minutes % MINUTES_A_DAY) / MINUTES_AN_HOUR)
  const largest = days > 0 ? [counted(days, 'day')] : []
  const units = [
    ...largest,
    counted(hours, 'hour'),
    ...(days > 0 ? [] : [counted(minutes % MINUTES_AN_HOUR, 'minute')]),
  ]
  return units.filter((unit) => unit !== undefined).join(', ')
}

function counted(count: number, unit: string): string | undefined {
  if (count === 0) return undefined
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}

/** YYYY-MM-DD HH:MM UTC. */
function minuteOf(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`
}
