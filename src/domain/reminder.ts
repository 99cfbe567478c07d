import { nextVersion } from './entity.ts'
import { TaskwireError } from './errors.ts'
import { shortened } from './notification.ts'
import { reminderMessage } from './reminder-message.ts'
import {
  type Reminder,
  type ReminderChange,
  type ReminderChannel,
  type ReminderState,
  TARGET_FIELDS,
} from './reminder-state.ts'
import type { TaskState } from './task.ts'

/*
 * The states of a reminder and the ways between them. PENDING is one that waits for its time, and one that has fired,
 * which `triggeredAt` tells, while it is being delivered.
 *
 *   (nothing)       ──► waiting      reminder.scheduled
 *   waiting         ──► waiting      reminder.updated     by the user, or in step with its task
 *   waiting         ──► fired        reminder.triggered   its time has come
 *   fired           ──► SENT         reminder.sent        IN_APP in the same transaction
 *   fired           ──► FAILED       reminder.failed      its delivery was given up
 *   waiting, fired  ──► CANCELLED    reminder.cancelled   by the user, or by what became of its task
 *   FAILED          ──► waiting      reminder.retried     and due at once
 *   CANCELLED       ──► waiting      reminder.updated     by an undo, where its time still lies ahead
 *
 * SENT is for good, and CANCELLED but for an undo. What would change nothing is no transition; every other is
 * INVALID_TRANSITION.
 */

/** In Unicode code points. */
const MAX_ERROR = 500

/** A reminder that has changed, and how. */
export interface ChangedReminder extends Reminder {
  readonly change: ReminderChange
}

/** What of a task its reminders speak of. */
export type RemindedTask = Pick<TaskState, 'id' | 'title' | 'dueDate'>

/** A checked reminder to be made. Instants are RFC 3339. */
export interface NewReminder {
  readonly id: string
  readonly remindAt: string
  readonly channel: ReminderChannel
  /** null for IN_APP. */
  readonly target: string | null
  readonly automatic: boolean
}

export function reminderScheduled(reminder: NewReminder, task: RemindedTask, now: Date): ChangedReminder {
  const at = now.toISOString()
  return changed('reminder.scheduled', undefined, reminder.target, {
    id: reminder.id,
    version: 1,
    task: task.id,
    taskTitle: task.title,
    message: '',
    remindAt: reminder.remindAt,
    dueAt: task.dueDate,
    state: 'PENDING',
    channel: reminder.channel,
    target: null,
    automatic: reminder.automatic,
    triggeredAt: null,
    sentAt: null,
    errorMessage: null,
    retryCount: 0,
    createdAt: at,
    updatedAt: at,
  })
}

/** A checked update: what is absent stays. */
export interface ReminderUpdate {
  readonly remindAt?: string | undefined
  readonly channel?: ReminderChannel | undefined
  readonly target?: string | null | undefined
}

/**
 * An automatic reminder that is given another time is the user's own from then on.
 *
 * @returns undefined where nothing would change
 * @throws TaskwireError INVALID_TRANSITION unless it waits
 */
export function reminderUpdated(reminder: Reminder, update: ReminderUpdate, now: Date): ChangedReminder | undefined {
  const { state } = reminder
  if (state.state !== 'PENDING') throw refused(`The reminder is ${state.state}.`)
  if (state.triggeredAt !== null) throw refused('The reminder is being delivered already.')
  const remindAt = update.remindAt ?? state.remindAt
  const channel = update.channel ?? state.channel
  const target = update.target === undefined ? reminder.target : update.target
  if (remindAt === state.remindAt && channel === state.channel && target === reminder.target) return undefined
  const automatic = state.automatic && remindAt === state.remindAt
  return changed('reminder.updated', reminder, target, { ...nextVersion(state, now), remindAt, channel, automatic })
}

/** In step with its task, of which it waits to remind. @returns undefined where nothing would change */
export function reminderMoved(
  reminder: Reminder,
  remindAt: string,
  task: RemindedTask,
  now: Date,
): ChangedReminder | undefined {
  const { state, target } = reminder
  if (remindAt === state.remindAt && task.dueDate === state.dueAt) return undefined
  const next = { ...nextVersion(state, now), taskTitle: task.title, remindAt, dueAt: task.dueDate }
  return changed('reminder.updated', reminder, target, next)
}

/**
 * @returns undefined where it is cancelled already
 * @throws TaskwireError INVALID_TRANSITION where it was sent, or could not be
 */
export function reminderCancelled(reminder: Reminder, now: Date): ChangedReminder | undefined {
  const { state, target } = reminder
  if (state.state === 'CANCELLED') return undefined
  if (state.state !== 'PENDING') throw refused(`The reminder is ${state.state}.`)
  return changed('reminder.cancelled', reminder, target, { ...nextVersion(state, now), state: 'CANCELLED' })
}

/** @throws TaskwireError INVALID_TRANSITION unless it has failed */
export function reminderRetried(reminder: Reminder, now: Date): ChangedReminder {
  const { state, target } = reminder
  if (state.state !== 'FAILED') throw refused(`The reminder is ${state.state}, not FAILED.`)
  return changed('reminder.retried', reminder, target, {
    ...nextVersion(state, now),
    state: 'PENDING',
    triggeredAt: null,
    errorMessage: null,
    retryCount: state.retryCount + 1,
  })
}

/** Its time has come. @param reminder one that waits */
export function reminderTriggered(reminder: Reminder, now: Date): ChangedReminder {
  const { state, target } = reminder
  const next = nextVersion(state, now)
  const triggeredAt = next.updatedAt
  const message = reminderMessage(state, waitedSince(state), new Date(triggeredAt))
  return changed('reminder.triggered', reminder, target, { ...next, triggeredAt, message })
}

/** @param retries how often its delivery was tried again */
export function reminderSent(reminder: Reminder, retries: number, now: Date): ChangedReminder {
  const { state, target } = reminder
  const next = nextVersion(state, now)
  const retryCount = state.retryCount + retries
  return changed('reminder.sent', reminder, target, { ...next, state: 'SENT', sentAt: next.updatedAt, retryCount })
}

/**
 * @param error says why without any secret, as the user is to read it
 * @param retries how often its delivery was tried again
 */
export function reminderFailed(reminder: Reminder, error: string, retries: number, now: Date): ChangedReminder {
  const { state, target } = reminder
  const errorMessage = shortened(error, MAX_ERROR)
  const retryCount = state.retryCount + retries
  const next = nextVersion(state, now)
  return changed('reminder.failed', reminder, target, { ...next, state: 'FAILED', errorMessage, retryCount })
}

/** What its user is told in the app of one that could not be delivered. */
export function undeliveredMessage({ channel, errorMessage, message }: ReminderState): string {
  return `Could not be delivered by ${channel} (${errorMessage ?? ''}) – ${message}`
}

/** What the reminder would say if it went out in time: until it fires, its message. */
export function waitingMessage(state: ReminderState): string {
  const at = waitedSince(state)
  return reminderMessage(state, at, at)
}

/** What events tell of a target: of a URL the origin. */
export function toldTarget(channel: ReminderChannel, target: string | null): ReminderState['target'] {
  const field = TARGET_FIELDS[channel]
  if (field === null || target === null) return null
  return { [field]: field === 'url' ? new URL(target).origin : target }
}

/** From when on it could go out. */
function waitedSince({ remindAt, updatedAt }: ReminderState): Date {
  return new Date(remindAt > updatedAt ? remindAt : updatedAt)
}

export function changed(
  type: ReminderChange['type'],
  before: Reminder | undefined,
  target: string | null,
  after: ReminderState,
): ChangedReminder {
  const told = { ...after, target: toldTarget(after.channel, target) }
  const state = told.triggeredAt === null ? { ...told, message: waitingMessage(told) } : told
  return { state, target, change: { type, state, ...(before && { previousState: before.state }) } }
}

function refused(message: string): TaskwireError {
  return new TaskwireError('INVALID_TRANSITION', message)
}
