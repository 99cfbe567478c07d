import { z } from 'zod'
import { BASES } from './recurrence/rule.ts'
import { PRIORITIES } from './task.ts'

export type RecurrenceBasis = (typeof BASES)[number]

const instant = z.iso.datetime({ precision: 3 })

/**
 * What an event tells of a series: the own fields of the API's RecurringTask, its tags by the names they had, and from when
 * on it counts.
 */
export const recurringTaskFields = {
  id: z.guid(),
  version: z.int().min(1),
  title: z.string(),
  description: z.string().nullable(),
  priority: z.enum(PRIORITIES),
  tags: z.array(z.looseObject({ id: z.guid(), name: z.string() })),
  reminderLeadTime: z.int().nullable(),
  rule: z.string(),
  startsAt: instant,
  timezone: z.string(),
  basis: z.enum(BASES),
  endDate: instant.nullable(),
  active: z.boolean(),
  nextOccurrenceAt: instant.nullable(),
  lastGeneratedAt: instant.nullable(),
  /** See `Progress`; older events are without it. */
  countsFrom: instant.nullish(),
  deletedAt: instant.nullable(),
  createdAt: instant,
  updatedAt: instant,
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
