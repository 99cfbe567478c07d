import type { z } from 'zod'
import { DAY, type Environment, wholeNumber } from './config-fields.ts'

/** How long is kept what is not kept for ever, in milliseconds. */
export interface RetentionConfig {
  /** A task in the trash. */
  readonly trashMs: number
  /** An event in the outbox once it is published, provided that it has its audit entry. */
  readonly outboxMs: number
  /** The note that a consumer has had an event's effect. */
  readonly inboxMs: number
  /** A delivery that has ended. */
  readonly deliveriesMs: number
}

const days = wholeNumber(1, 36_500)
const DEFAULT_EVENTS_MAX_AGE_DAYS = 14
/** A clock may be wrong, and a server a little late in dropping what has aged out. */
const MARGIN_DAYS = 7

export const retentionVariables = {
  EVENTS_MAX_AGE_DAYS: wholeNumber(1, 3_650).default(DEFAULT_EVENTS_MAX_AGE_DAYS),
  TRASH_DAYS: days.default(30),
  OUTBOX_DAYS: days.optional(),
  INBOX_DAYS: days.optional(),
  DELIVERIES_DAYS: days.default(14),
}

type Variables = z.output<z.ZodObject<typeof retentionVariables>>

/**
 * What has to fit together. The stream may be filled again from the outbox as far back as it goes itself; and what may
 * be published once more has to find the note of its effect.
 */
export function retentionProblems(env: Environment): readonly string[] {
  const stream = daysIn(env.EVENTS_MAX_AGE_DAYS) ?? DEFAULT_EVENTS_MAX_AGE_DAYS
  const { outbox, inbox } = withDefaults(stream, daysIn(env.OUTBOX_DAYS), daysIn(env.INBOX_DAYS))
  const problems: string[] = []
  if (outbox <= stream)
    problems.push(`OUTBOX_DAYS: must be more than EVENTS_MAX_AGE_DAYS, ${stream}: the stream is filled from the outbox`)
  if (inbox <= outbox)
    problems.push(`INBOX_DAYS: must be more than OUTBOX_DAYS, ${outbox}: what is published again is known by the inbox`)
  return problems
}

export function retentionConfig(e: Variables): RetentionConfig {
  const { outbox, inbox } = withDefaults(e.EVENTS_MAX_AGE_DAYS, e.OUTBOX_DAYS, e.INBOX_DAYS)
  return {
    trashMs: e.TRASH_DAYS * DAY,
    outboxMs: outbox * DAY,
    inboxMs: inbox * DAY,
    deliveriesMs: e.DELIVERIES_DAYS * DAY,
  }
}

function withDefaults(stream: number, outboxDays: number | undefined, inboxDays: number | undefined) {
  const outbox = outboxDays ?? stream + MARGIN_DAYS
  return { outbox, inbox: inboxDays ?? outbox + MARGIN_DAYS }
}

/** NaN, with which nothing compares, where it is no number of days: that is told by itself. */
function daysIn(text: string | undefined): number | undefined {
  return text === undefined ? undefined : (days.safeParse(text).data ?? Number.NaN)
}
