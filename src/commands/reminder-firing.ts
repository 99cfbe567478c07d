import { sql } from 'kysely'
import {
  type ChangedReminder,
  reminderCancelled,
  reminderFailed,
  reminderSent,
  reminderTriggered,
  undeliveredMessage,
} from '../domain/reminder.ts'
import { type ReminderFullRow, reminder, reminderFullRow } from '../entities/reminder-state.ts'
import type { Tx } from '../entities/tables.ts'
import type { CommandRunnerOptions } from './command.ts'
import { DeliveryLimit } from './delivery-limit.ts'
import { type FiredReminder, insertDeliveries } from './delivery-rows.ts'
import { type Notice, insertNotifications } from './notification-rows.ts'
import { RecordedEvents } from './recorded-events.ts'
import { updateReminderRows } from './reminder-rows.ts'

/*
 * How reminders fire. One transaction, which belongs to no user, claims those that are due, whoever they are of; changes
 * their rows; and writes their events, the notifications of IN_APP, and the deliveries of the others. All of it is there
 * or nothing: a reminder that is claimed twice, or not at all, cannot be.
 *
 * What goes outside counts against its user's limit. A reminder past that has fired and failed at once, without a delivery.
 */

export interface FiringOptions extends CommandRunnerOptions {
  /** How many reminders may go outside for one user in a day; absent: any number. */
  readonly deliveriesADay?: number | undefined
}

/** Which reminders to fire. */
export type Due = { readonly atMost: number; readonly except: readonly string[] } | { readonly id: string }

export interface Firing {
  /** Those that were claimed, also those that were cancelled instead, as their tasks are not open. */
  readonly settled: number
  /** How long after it could have, each fired; up to the moment of the commit. */
  readonly lateMs: readonly number[]
  /** Those of which no event can be made. They are left as they are. */
  readonly faulty: readonly { readonly id: string; readonly error: unknown }[]
  /** Until the next one that waits is due, 0 or less where one is, or may be; undefined where none waits. */
  readonly nextInMs: number | undefined
}

/** The firing of these together came to nothing: perhaps for the sake of a single one. */
export class FiringError extends Error {
  override readonly name = 'FiringError'
  readonly ids: readonly string[]

  constructor(ids: readonly string[], cause: unknown) {
    super(`${ids.length} reminders could not be fired together.`, { cause })
    this.ids = ids
  }
}

/** @throws FiringError where those that were claimed could not be written; Error where none could be claimed */
export type FireReminders = (due: Due) => Promise<Firing>

/** @param options with a database under the worker's role */
export function createReminderFiring(options: FiringOptions): FireReminders {
  const { database, publicUrl, onCommit, deliveriesADay } = options
  return async (due) => {
    let claimed: readonly string[] = []
    try {
      const begun = performance.now()
      const { now, waitedSince, ...firing } = await database.asNobody(async (tx) => {
        const rows = await claim(tx, due)
        claimed = rows.map(({ id }) => id)
        const written = await fire(tx, rows, new RecordedEvents(publicUrl), deliveriesADay)
        return { ...written, nextInMs: await nextIn(tx, due, rows.length, written.faulty), now: tx.now.getTime() }
      })
      if (firing.settled > 0) onCommit()
      const committed = now + performance.now() - begun
      return { ...firing, lateMs: waitedSince.map((since) => Math.max(0, committed - since)) }
    } catch (error) {
      throw claimed.length === 0 ? error : new FiringError(claimed, error)
    }
  }
}

interface DueRow extends ReminderFullRow {
  readonly task_title: string | null
  readonly task_open: boolean | null
}

/** What waits, as the index of what is due has it. */
const WAITING = sql`state = 'PENDING' AND triggered_at IS NULL`

/**
 * Locks reminders whose time has come. There is no lower bound on that: what came due while nobody looked is due. Those
 * that another transaction has locked are left to it; what it makes of them is seen where they are claimed next.
 */
async function claim({ db, now }: Tx, due: Due): Promise<DueRow[]> {
  const chosen = 'id' in due ? sql`id = ${due.id}::uuid` : sql`id <> ALL(${due.except}::uuid[])`
  const { rows } = await sql<DueRow>`
    WITH due AS MATERIALIZED (
      SELECT * FROM reminders WHERE ${WAITING} AND remind_at <= ${now}::timestamptz AND ${chosen}
      ORDER BY remind_at LIMIT ${'id' in due ? 1 : due.atMost} FOR UPDATE SKIP LOCKED
    )
    SELECT due.*, tasks.title AS task_title, tasks.status <> 'COMPLETED' AND tasks.deleted_at IS NULL AS task_open
    FROM due LEFT JOIN tasks ON tasks.id = due.task_id AND tasks.user_id = due.user_id
    ORDER BY due.remind_at`.execute(db)
  return rows
}

/** What becomes of one reminder. */
interface Settled {
  /** As its row is to be. */
  readonly last: ReminderFullRow
  /** false: it was cancelled instead. */
  readonly fired: boolean
  readonly delivery?: FiredReminder
  readonly notice?: CausedNotice
}

interface CausedNotice extends Notice {
  readonly correlationId: string
  readonly causationId: string
}

async function fire(tx: Tx, rows: readonly DueRow[], events: RecordedEvents, aDay: number | undefined) {
  const outside = rows.filter(({ channel, task_open: open }) => channel !== 'IN_APP' && open === true)
  const userIds = outside.map(({ user_id: userId }) => userId)
  const limit = await DeliveryLimit.take(tx, userIds, aDay)
  const settled: Settled[] = []
  const faulty: { id: string; error: unknown }[] = []
  const waitedSince: number[] = []
  for (const row of rows) {
    const before = events.count
    try {
      const one = settle(row, tx.now, events, limit)
      settled.push(one)
      if (one.fired) waitedSince.push(Math.max(row.remind_at.getTime(), row.updated_at.getTime()))
    } catch (error) {
      events.takeBack(before)
      faulty.push({ id: row.id, error })
    }
  }
  const [changed, deliveries, notices] = [
    settled.map(({ last }) => last),
    settled.flatMap(({ delivery }) => delivery ?? []),
    settled.flatMap(({ notice }) => notice ?? []),
  ]
  // Sent together: in a burst each answer that is waited for is waited for behind the relay and the consumers.
  await Promise.all([updateReminderRows(tx.db, changed), insertDeliveries(tx, deliveries), notify(tx, notices, events)])
  events.send(tx)
  return { settled: changed.length, waitedSince, faulty }
}

/** What becomes of one reminder, with its events. */
function settle(row: DueRow, now: Date, events: RecordedEvents, limit: DeliveryLimit): Settled {
  const { user_id: userId, correlation_id: correlationId } = row
  const waiting = reminder(row, row.task_title)
  const origin = { userId, actorId: 'system', correlationId }
  const record = ({ change }: ChangedReminder, causationId: string) => events.record(change, { ...origin, causationId })
  const rowOf = (changed: ChangedReminder, eventId: string) =>
    reminderFullRow(changed, userId, { eventId, correlationId })

  // Its task’s own command has cancelled it, unless an older program ran that.
  if (row.task_open !== true) {
    const cancelled = reminderCancelled(waiting, now)
    if (cancelled === undefined) throw new Error('A reminder that waits cannot be cancelled already.')
    return { last: rowOf(cancelled, record(cancelled, row.last_event_id)), fired: false }
  }
  const triggered = reminderTriggered(waiting, now)
  const eventId = record(triggered, row.last_event_id)
  const { state, target } = triggered
  const notice = { userId, type: 'REMINDER', taskId: state.task, correlationId } as const
  if (state.channel === 'IN_APP') {
    const sent = reminderSent(triggered, 0, now)
    const last = rowOf(sent, record(sent, eventId))
    return { last, fired: true, notice: { ...notice, message: state.message, causationId: eventId } }
  }
  const refused = limit.refuse(userId)
  if (refused === undefined)
    return { last: rowOf(triggered, eventId), fired: true, delivery: { userId, eventId, correlationId, state, target } }
  const failed = reminderFailed(triggered, refused, 0, now)
  const causationId = record(failed, eventId)
  const message = undeliveredMessage(failed.state)
  return { last: rowOf(failed, causationId), fired: true, notice: { ...notice, message, failed: true, causationId } }
}

async function notify(tx: Tx, notices: readonly CausedNotice[], events: RecordedEvents): Promise<void> {
  const made = await insertNotifications(tx, notices)
  for (const [index, { userId, correlationId, causationId }] of notices.entries()) {
    const notification = made[index]
    if (notification !== undefined)
      events.record(notification, { userId, actorId: 'system', correlationId, causationId })
  }
}

async function nextIn(
  { db, now }: Tx,
  due: Due,
  claimed: number,
  faulty: Firing['faulty'],
): Promise<number | undefined> {
  if ('id' in due || claimed === due.atMost) return 0
  const passedOver = [...due.except, ...faulty.map(({ id }) => id)]
  const { rows } = await sql<{ remind_at: Date }>`
    SELECT remind_at FROM reminders WHERE ${WAITING} AND id <> ALL(${passedOver}::uuid[])
    ORDER BY remind_at LIMIT 1`.execute(db)
  const [next] = rows
  return next && next.remind_at.getTime() - now.getTime()
}
