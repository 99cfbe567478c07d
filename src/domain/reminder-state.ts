import { z } from 'zod'

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

const instant = z.iso.datetime({ precision: 3 })

/**
 * What an event tells of a reminder: the own fields of the API's Reminder, what its task was called at that time, and what
 * the reminder says or, until it fires, would say. Of a target's URL only the origin: the rest may be a secret.
 */
export const reminderFields = {
  id: z.guid(),
  version: z.int().min(1),
  task: z.guid().nullable(),
  taskTitle: z.string().nullable(),
  message: z.string(),
  remindAt: instant,
  dueAt: instant.nullable(),
  state: z.enum(REMINDER_STATES),
  channel: z.enum(CHANNELS),
  target: z.looseObject({ address: z.string(), phoneNumber: z.string(), url: z.string() }).partial().nullable(),
  automatic: z.boolean(),
  triggeredAt: instant.nullable(),
  sentAt: instant.nullable(),
  errorMessage: z.string().nullable(),
  retryCount: z.int().min(0),
  createdAt: instant,
  updatedAt: instant,
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
