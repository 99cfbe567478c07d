import { z } from 'zod'
import { BASES } from './recurrence/rule.ts'
import { PRIORITIES } from './task.ts'
import { changedAt, entityId, entityVersion, instant, madeAt, tags } from './state-fields.ts'

export type RecurrenceBasis = (typeof BASES)[number]

/**
 * What an event tells of a series: the own fields of the API's RecurringTask, its tags by the names they had, and from when
 * on it counts.
 */
export const recurringTaskFields = {
  id: entityId,
  version: entityVersion,
  title: z.string().describe('What its tasks are called.'),
  description: z.string().nullable().describe('What more its tasks say; null: nothing.'),
  priority: z.enum(PRIORITIES).describe('That of its tasks.'),
  tags,
  reminderLeadTime: z
    .int()
    .nullable()
    .describe('How long before they are due reminders of its tasks come, in minutes.'),
  rule: z.string().describe('When it comes, as an RRULE (RFC 5545) or cron.'),
  startsAt: instant.describe('The time from which it is counted.'),
  timezone: z.string().describe('The IANA time zone on whose wall clock it comes.'),
  basis: z.enum(BASES).describe('What makes the next of its tasks.'),
  endDate: instant.nullable().describe('No task stands for a time after it; null: it goes on.'),
  active: z.boolean().describe('Whether it makes tasks: neither paused nor ended.'),
  nextOccurrenceAt: instant
    .nullable()
    .describe('The time that the next task is to stand for; null where there is none.'),
  lastGeneratedAt: instant.nullable().describe('When its last task was made.'),
  /** See `Progress`; older events are without it. */
  countsFrom: instant
    .nullish()
    .describe('When its rule was last changed, or it was resumed: no time up to then comes any more.'),
  deletedAt: instant.nullable().describe('When it ended; null while it goes on.'),
  createdAt: madeAt,
  updatedAt: changedAt,
}

/** A series as its rules and its events see it. Instants are RFC 3339 in UTC with milliseconds. */
export type RecurringTaskState = z.infer<z.ZodObject<typeof recurringTaskFields>>

/** What happened to a series: the event it makes, and the state before and after. */
export interface RecurringTaskChange {
  readonly type: `recurring-task.${'created' | 'updated' | 'paused' | 'resumed' | 'deleted'}`
  readonly state: RecurringTaskState
  readonly previousState?: RecurringTaskState
}

/** How far a series has come. */
export interface Progress {
  /** The instance that was made last, be it gone or not. */
  readonly lastInstanceId: string
  /** Which of the rule's times that stands for. */
  readonly lastOccurrenceAt: string
  /** When the rule was last changed, or the series resumed: no time up to then is made any more. */
  readonly countsFrom: string
  /** How many instances were made: counted from days of completion, a rule's COUNT goes by this. */
  readonly instancesMade: number
}

export interface RecurringTask {
  readonly state: RecurringTaskState
  readonly progress: Progress
}
