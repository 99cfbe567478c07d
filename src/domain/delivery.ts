import { type ReminderChannel, TARGET_FIELDS } from './reminder-state.ts'

/** The channels that leave Taskwire; what comes in the app is there with the firing. */
export type OutsideChannel = Exclude<ReminderChannel, 'IN_APP'>
export const OUTSIDE_CHANNELS = ['EMAIL', 'SMS', 'CHAT', 'WEBHOOK'] as const satisfies readonly OutsideChannel[]

/** How a delivery can end; DROPPED: its reminder was cancelled before it was sent. */
export const DELIVERY_OUTCOMES = ['SENT', 'FAILED', 'DROPPED'] as const

/**
 * Who is told, as far as it may break by itself: the host of a user's own URL; null where all of a channel goes through
 * one server of the operator's.
 */
export function receiverOf(channel: OutsideChannel, target: string): string | null {
  return TARGET_FIELDS[channel] === 'url' ? (URL.parse(target)?.host ?? null) : null
}

const FIRST_DELAY_MS = 5_000
const FACTOR = 4
const LONGEST_DELAY_MS = 60 * 60 * 1_000

/**
 * How long to wait after a try that failed: 5 s, 20 s, 80 s, 5 min, 21 min, then an hour, each shortened by up to a half
 * so that what failed together does not come back together; longer where the receiver asks for it.
 *
 * @param tries that failed so far, from 1
 * @param random from 0 up to 1
 */
export function retryDelayMs(tries: number, retryAfterMs: number | undefined, random: number): number {
  const longest = Math.min(FIRST_DELAY_MS * FACTOR ** (tries - 1), LONGEST_DELAY_MS)
  return Math.round(Math.max(longest * (1 - random / 2), retryAfterMs ?? 0))
}
