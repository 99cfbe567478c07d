import { reminderFailed, reminderSent, undeliveredMessage } from '../domain/reminder.ts'
import type { ReminderChange, Reminder } from '../domain/reminder-state.ts'
import { ownedBy } from '../entities/scope.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'
import { insertNotifications } from './notification-rows.ts'
import { loadReminder, saveReminders } from './reminder-rows.ts'

/*
 * What became of a try to deliver a reminder. It is written only with the lease of that try: a worker that was slow, and
 * whose lease another one has had since, changes nothing. Nor does it change a reminder that was cancelled meanwhile.
 */

/** A try, as the worker that made it knows it. */
export interface DeliveryTry {
  readonly deliveryId: string
  readonly reminderId: string
  readonly leaseToken: string
}

export interface DeliveryWritten {
  /** false where the lease is another's, or the delivery is settled. */
  readonly written: boolean
}

/** The receiver has taken it. */
export const deliverySent: Command<DeliveryTry, DeliveryWritten> = defineCommand(
  'deliverySent',
  (input: DeliveryTry) => input,
  async (unit, made) => {
    const reminder = await loadReminder(unit, made.reminderId)
    const tries = await settle(unit, made, 'SENT', null)
    if (tries !== undefined && isBeingDelivered(reminder))
      await saveReminders(unit, [reminderSent(reminder, tries - 1, unit.now)])
    return { written: tries !== undefined }
  },
)

/** It was given up. Its user is told so in the app. */
export const deliveryFailed: Command<DeliveryTry & { readonly error: string }, DeliveryWritten> = defineCommand(
  'deliveryFailed',
  (input: DeliveryTry & { readonly error: string }) => input,
  async (unit, { error, ...made }) => {
    const reminder = await loadReminder(unit, made.reminderId)
    const tries = await settle(unit, made, 'FAILED', error)
    if (tries !== undefined && isBeingDelivered(reminder)) {
      const failed = reminderFailed(reminder, error, tries - 1, unit.now)
      const [eventId] = await saveReminders(unit, [failed])
      await tellOfFailure(unit, failed.change, eventId)
    }
    return { written: tries !== undefined }
  },
)

export interface PostponedTry extends DeliveryTry {
  readonly delayMs: number
  /** Why it failed; null where it was not tried after all, which then counts as no try. */
  readonly error: string | null
}

/** It is to be tried again. The reminder stays PENDING, and nothing that its user sees changes. */
export const deliveryPostponed: Command<PostponedTry, DeliveryWritten> = defineCommand(
  'deliveryPostponed',
  (input: PostponedTry) => input,
  async (unit, { error, delayMs, ...made }) => {
    const row = await open(unit, made)
      .set((column) => ({
        ...FREE,
        next_try_at: new Date(unit.now.getTime() + delayMs),
        ...(error === null ? { tries: column('tries', '-', 1) } : { last_error: error }),
      }))
      .returning('tries')
      .executeTakeFirst()
    return { written: row !== undefined }
  },
)

const FREE = { lease_token: null, locked_until: null }

/** @returns how often it was tried; undefined where the lease is not held any more */
async function settle(
  unit: UnitOfWork,
  made: DeliveryTry,
  outcome: 'SENT' | 'FAILED',
  error: string | null,
): Promise<number | undefined> {
  const row = await open(unit, made)
    .set({ ...FREE, outcome, settled_at: unit.now, ...(error !== null && { last_error: error }) })
    .returning('tries')
    .executeTakeFirst()
  return row?.tries
}

/** The delivery, while it is open and leased to this try. */
function open({ db, userId }: UnitOfWork, { deliveryId, leaseToken }: DeliveryTry) {
  return db
    .updateTable('deliveries')
    .where('id', '=', deliveryId)
    .where('lease_token', '=', leaseToken)
    .where('outcome', 'is', null)
    .where(ownedBy(userId))
}

function isBeingDelivered(reminder: Reminder | undefined): reminder is Reminder {
  return reminder?.state.state === 'PENDING' && reminder.state.triggeredAt !== null
}

async function tellOfFailure(unit: UnitOfWork, { state }: ReminderChange, eventId: string | undefined): Promise<void> {
  const [notification] = await insertNotifications(unit, [
    { userId: unit.userId, type: 'REMINDER', message: undeliveredMessage(state), taskId: state.task, failed: true },
  ])
  if (notification !== undefined) unit.record(notification, eventId)
}
