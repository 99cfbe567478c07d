import { badUserInput, expectVersion, notFound, TaskwireError } from '../domain/errors.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import {
  type ChangedReminder,
  type NewReminder,
  reminderCancelled,
  reminderRetried,
  reminderScheduled,
  reminderUpdated,
} from '../domain/reminder.ts'
import {
  createReminderInput,
  MAX_PENDING_A_TASK,
  newReminderRule,
  reminderActionInput,
  snoozeReminderInput,
  updateReminderInput,
} from '../domain/reminder-input.ts'
import { type Reminder, TARGET_FIELDS } from '../domain/reminder-state.ts'
import { refuseUnavailable, targetFor } from '../domain/reminder-target.ts'
import { newId } from '../lib/ids.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'
import { loadReminder, saveReminders } from './reminder-rows.ts'
import { countPending, type LockedTask, lockTask, lockTaskOf } from './reminded-task.ts'

export type CreateReminderInput = InputOf<typeof createReminderInput>
export type UpdateReminderInput = InputOf<typeof updateReminderInput>
export type ReminderActionInput = InputOf<typeof reminderActionInput>
export type SnoozeReminderInput = InputOf<typeof snoozeReminderInput>

export interface ReminderOutcome {
  readonly reminderId: string
  /** null where nothing changed. */
  readonly eventId: string | null
}

/**
 * @throws TaskwireError BAD_USER_INPUT; NOT_FOUND for the task; INVALID_TRANSITION where that is completed or in the trash;
 *   CHANNEL_UNAVAILABLE; LIMIT_EXCEEDED; ALREADY_EXISTS for an id that is taken
 */
export const createReminder: Command<CreateReminderInput, ReminderOutcome> = defineCommand(
  'createReminder',
  (input: CreateReminderInput) => parseInput(createReminderInput, input, newReminderRule),
  async (unit, { id, taskId, remindAt, channel: wanted, target: to }) => {
    const channel = wanted ?? 'IN_APP'
    const target = targetFor(channel, to, unit.available)
    refusePast(unit, remindAt, 'remindAt')
    const task = await lockTask(unit, taskId)
    if (task === undefined) throw notFound('The task')
    const reminder = { id: id ?? newId(), remindAt, channel, target, automatic: false }
    return schedule(unit, reminder, expectOpen(task))
  },
)

/**
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT, CHANNEL_UNAVAILABLE; INVALID_TRANSITION where it does
 *   not wait any more
 */
export const updateReminder: Command<UpdateReminderInput, ReminderOutcome> = defineCommand(
  'updateReminder',
  (input: UpdateReminderInput) => parseInput(updateReminderInput, input),
  async (unit, input) => {
    const reminder = await loadForChange(unit, input)
    const channel = input.channel ?? reminder.state.channel
    const sameKind = TARGET_FIELDS[channel] === TARGET_FIELDS[reminder.state.channel]
    const keeps = sameKind && input.target === undefined
    if (keeps) refuseUnavailable(channel, unit.available)
    const target = keeps ? undefined : targetFor(channel, input.target, unit.available)
    const updated = reminderUpdated(reminder, { remindAt: input.remindAt, channel, target }, unit.now)
    if (updated !== undefined && updated.state.remindAt !== reminder.state.remindAt)
      refusePast(unit, updated.state.remindAt, 'remindAt')
    return save(unit, reminder, updated)
  },
)

/** @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT; INVALID_TRANSITION where it was sent or has failed */
export const cancelReminder: Command<ReminderActionInput, ReminderOutcome> = defineCommand(
  'cancelReminder',
  checkAction,
  async (unit, input) => {
    const reminder = await loadForChange(unit, input)
    return save(unit, reminder, reminderCancelled(reminder, unit.now))
  },
)

/**
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT, CHANNEL_UNAVAILABLE; INVALID_TRANSITION where it has
 *   not failed, its task is not open any more, or another one has taken its place
 */
export const retryReminder: Command<ReminderActionInput, ReminderOutcome> = defineCommand(
  'retryReminder',
  checkAction,
  async (unit, input) => {
    const { task, reminder } = await loadWithTask(unit, input)
    expectVersion(reminder.state, input.expectedVersion)
    const retried = reminderRetried(reminder, unit.now)
    const { id } = expectOpen(task)
    refuseUnavailable(reminder.state.channel, unit.available)
    if (reminder.state.automatic && (await countPending(unit, id)).automatic > 0)
      throw new TaskwireError('INVALID_TRANSITION', 'Another automatic reminder of the task is PENDING.')
    return save(unit, reminder, retried)
  },
)

/**
 * A new reminder like the old one, at another time; it is what the outcome tells of.
 *
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, CHANNEL_UNAVAILABLE, LIMIT_EXCEEDED; INVALID_TRANSITION where its task is
 *   not open any more
 */
export const snoozeReminder: Command<SnoozeReminderInput, ReminderOutcome> = defineCommand(
  'snoozeReminder',
  (input: SnoozeReminderInput) => parseInput(snoozeReminderInput, input),
  async (unit, { id, until }) => {
    const { task, reminder } = await loadWithTask(unit, { id })
    refusePast(unit, until, 'until')
    const { channel, state } = reminder.state
    const open = expectOpen(task)
    refuseUnavailable(channel, unit.available)
    const cancelled = state === 'PENDING' ? reminderCancelled(reminder, unit.now) : undefined
    if (cancelled !== undefined) await saveReminders(unit, [cancelled])
    return schedule(unit, { id: newId(), remindAt: until, channel, target: reminder.target, automatic: false }, open)
  },
)

function checkAction(input: ReminderActionInput) {
  return parseInput(reminderActionInput, input)
}

/** @throws TaskwireError BAD_USER_INPUT */
function refusePast(unit: UnitOfWork, at: string, field: string): void {
  if (at <= unit.now.toISOString()) throw badUserInput([{ path: ['input', field], message: 'Must lie in the future.' }])
}

/** @throws TaskwireError NOT_FOUND, VERSION_CONFLICT */
async function loadForChange(
  unit: UnitOfWork,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
): Promise<Reminder> {
  const reminder = await loadReminder(unit, id)
  if (reminder === undefined) throw notFound('The reminder')
  expectVersion(reminder.state, expectedVersion)
  return reminder
}

/** Both locked, the task first. @throws TaskwireError NOT_FOUND for the reminder */
async function loadWithTask(
  unit: UnitOfWork,
  { id }: { readonly id: string },
): Promise<{ readonly task: LockedTask | undefined; readonly reminder: Reminder }> {
  const task = await lockTaskOf(unit, id)
  return { task, reminder: await loadForChange(unit, { id }) }
}

/** @throws TaskwireError INVALID_TRANSITION */
function expectOpen(task: LockedTask | undefined): LockedTask {
  if (task?.open === true) return task
  throw new TaskwireError('INVALID_TRANSITION', 'The task is completed or deleted.')
}

/** @throws TaskwireError LIMIT_EXCEEDED, ALREADY_EXISTS */
async function schedule(unit: UnitOfWork, reminder: NewReminder, task: LockedTask): Promise<ReminderOutcome> {
  if ((await countPending(unit, task.id)).all >= MAX_PENDING_A_TASK)
    throw new TaskwireError('LIMIT_EXCEEDED', `A task has at most ${MAX_PENDING_A_TASK} reminders that are PENDING.`)
  const [eventId = null] = await saveReminders(unit, [reminderScheduled(reminder, task, unit.now)])
  return { reminderId: reminder.id, eventId }
}

async function save(
  unit: UnitOfWork,
  { state: { id } }: Reminder,
  changed: ChangedReminder | undefined,
): Promise<ReminderOutcome> {
  const [eventId = null] = changed === undefined ? [] : await saveReminders(unit, [changed])
  return { reminderId: id, eventId }
}
