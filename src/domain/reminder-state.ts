import { z } from 'zod'
import { changedAt, entityId, entityVersion, instant, madeAt } from './state-fields.ts'

export const REMINDER_STATES = ['PENDING', 'SENT', 'CANCELLED', 'FAILED'] as const
export type ReminderStateName = (typeof REMINDER_STATES)[number]
export const CHANNELS = ['IN_APP', 'EMAIL', 'SMS', 'CHAT', 'WEBHOOK'] as const
export type ReminderChannel = (typeof CHANNELS)[number]

/** How the API calls what a channel sends to; IN_APP has no target. */
export const TARGET_FIELDS = {
  IN_APP: null,
  EMAIL: 'address',
  SMS: 'phoneNumber',
  CHAT: 'url',
  WEBHOOK: 'url',
} as const satisfies Record<ReminderChannel, string | null>

/**
 * What an event tells of a reminder: the own fields of the API's Reminder, what its task was called at that time, and what
 * the reminder says or, until it fires, would say. Of a target's URL only the origin: the rest may be a secret.
 */
export const reminderFields = {
  id: entityId,
  version: entityVersion,
  task: z.guid().nullable().describe('The task that it reminds of; null once that is gone.'),
  taskTitle: z.string().nullable().describe('What the task was called at that time.'),
  message: z.string().describe('What it says or, until it fires, would say.'),
  remindAt: instant.describe('When it is to come.'),
  dueAt: instant.nullable().describe('When the task that it speaks of is due.'),
  state: z.enum(REMINDER_STATES).describe('PENDING until it is delivered, also while that is being tried.'),
  channel: z.enum(CHANNELS).describe('The way it takes.'),
  target: z
    .looseObject({ address: z.string(), phoneNumber: z.string(), url: z.string() })
    .partial()
    .nullable()
    .describe('Whom it goes to, by one of the three; of a URL only the origin. null for IN_APP.'),
  automatic: z.boolean().describe('Whether it was made of the task’s lead time, and moves with the task.'),
  triggeredAt: instant.nullable().describe('When it fired; null while it waits.'),
  sentAt: instant.nullable().describe('When it was delivered.'),
  errorMessage: z.string().nullable().describe('Why it could not be delivered.'),
  retryCount: z.int().min(0).describe('How often its delivery was tried again.'),
  createdAt: madeAt,
  updatedAt: changedAt,
}

/** A reminder as its rules and its events see it. Instants are RFC 3339 in UTC with milliseconds. */
export type ReminderState = z.infer<z.ZodObject<typeof reminderFields>>

/** What happened to a reminder: the event it makes, and the state before and after. */
export interface ReminderChange {
  readonly type: `reminder.${'scheduled' | 'updated' | 'triggered' | 'sent' | 'cancelled' | 'failed' | 'retried'}`
  readonly state: ReminderState
  readonly previousState?: ReminderState
}

export interface Reminder {
  readonly state: ReminderState
  /** The whole of it, which events do not tell: an address, a phone number or a URL, by the channel. */
  readonly target: string | null
}
