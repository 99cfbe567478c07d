import { latestOccurrence, nextOccurrence, type Occurrence } from '../domain/recurrence/series.ts'
import { instanceMade, ranOut } from '../domain/recurring-task.ts'
import type { RecurringTask } from '../domain/recurring-task-state.ts'
import { generatesAt, madeUpTo, occurrenceAfterDone, seriesOf } from '../domain/recurring-task-times.ts'
import { taskCreated } from '../domain/task.ts'
import { ownedBy } from '../entities/scope.ts'
import { newId } from '../lib/ids.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'
import { loadRecurringTask, saveRecurringTask } from './recurring-task-rows.ts'
import { insertTasks } from './task-changes.ts'

/*
 * How instances come to be. A series makes its next one only from the one that it made last, under its row's lock: so each
 * instance has one successor, whatever is redelivered, raced or done again.
 */

export interface InstanceDone {
  readonly recurringTaskId: string
  /** The instance that was completed or put into the trash. */
  readonly taskId: string
  /** When, in RFC 3339. */
  readonly doneAt: string
}

/**
 * Made the next instance, or not: the task is not the last one; it is not done since then any more, so that whoever has
 * reopened it finds none, and another event tells where it was done again; or the series does not go by what is done.
 */
export const continueSeries: Command<InstanceDone, { readonly made: boolean }> = defineCommand(
  'continueSeries',
  (input: InstanceDone) => input,
  async (unit, { recurringTaskId, taskId, doneAt }) => {
    const series = await loadRecurringTask(unit, recurringTaskId)
    if (series === undefined || series.progress.lastInstanceId !== taskId) return { made: false }
    const done = await lastInstanceDone(unit, series)
    if (done === undefined || (done.at ?? doneAt) !== doneAt) return { made: false }
    return { made: await makeNextAfterDone(unit, series, new Date(doneAt)) }
  },
)

export interface DueOutcome {
  readonly made: boolean
  /** How many of the rule's times have passed for which there is no instance, and will be none. */
  readonly skipped: number
}

/**
 * Makes the next instance of a series whose last one has come due. Where more of the rule's times have passed meanwhile,
 * only the latest of them gets its instance. One that another transaction holds is left to that.
 */
export const makeDueInstance: Command<{ readonly recurringTaskId: string }, DueOutcome> = defineCommand(
  'makeDueInstance',
  (input: { readonly recurringTaskId: string }) => input,
  async (unit, { recurringTaskId }) => {
    const series = await loadRecurringTask(unit, recurringTaskId, { skipLocked: true })
    const due = series && generatesAt(series)
    if (series === undefined || due == null || due > unit.now.toISOString()) return { made: false, skipped: 0 }
    const after = madeUpTo(series.progress)
    const missed = latestOccurrence(seriesOf(series.state), after, unit.now)
    const next = missed?.occurrence ?? nextOccurrence(seriesOf(series.state), after)
    const made = await makeInstance(unit, series, next)
    return { made, skipped: missed?.skipped ?? 0 }
  },
)

/**
 * Makes the next instance where the last one is done already: what happened while the series was paused, or went by
 * another basis, has had no effect.
 *
 * @param causationId what has changed the series
 */
export async function makeNextIfDone(unit: UnitOfWork, series: RecurringTask, causationId: string): Promise<void> {
  const done = await lastInstanceDone(unit, series)
  if (done !== undefined) await makeNextAfterDone(unit, series, unit.now, causationId)
}

/** Since when the last instance is done, which is not known of one that is gone; undefined while it is not. */
async function lastInstanceDone(unit: UnitOfWork, { progress }: RecurringTask): Promise<{ at?: string } | undefined> {
  const last = await unit.db
    .selectFrom('tasks')
    .select(['completed_at', 'deleted_at'])
    .where('id', '=', progress.lastInstanceId)
    .where(ownedBy(unit.userId))
    .executeTakeFirst()
  if (last === undefined) return {}
  const at = last.deleted_at ?? last.completed_at
  return at === null ? undefined : { at: at.toISOString() }
}

async function makeNextAfterDone(
  unit: UnitOfWork,
  series: RecurringTask,
  doneAt: Date,
  causationId?: string,
): Promise<boolean> {
  if (!series.state.active || series.state.basis === 'SCHEDULE') return false
  const next = occurrenceAfterDone(series, doneAt)
  const made = await makeInstance(unit, series, next, causationId)
  const ended = made ? undefined : ranOut(series, doneAt, unit.now)
  if (ended !== undefined) await saveRecurringTask(unit, ended, causationId)
  return made
}

/** @param occurrence after that of the last instance, whatever the basis; without one nothing is made */
async function makeInstance(
  unit: UnitOfWork,
  series: RecurringTask,
  occurrence: Occurrence | undefined,
  causationId?: string,
): Promise<boolean> {
  if (occurrence === undefined) return false
  const id = newId()
  const made = instanceMade(series, { id, occurrenceAt: occurrence.at.toISOString() }, unit.now)
  await saveRecurringTask(unit, made, causationId)
  await insertInstance(unit, made, { id, occurrence, parent: series.progress.lastInstanceId }, causationId)
  return true
}

export interface NewInstance {
  readonly id: string
  readonly occurrence: Occurrence
  /** The instance before it; null for the first. */
  readonly parent: string | null
}

/** Inserts the task that a series, whose row is there, has made by its template, and records its event. */
export async function insertInstance(
  unit: UnitOfWork,
  { state }: RecurringTask,
  { id, occurrence, parent }: NewInstance,
  causationId?: string,
): Promise<void> {
  const { title, description, priority, reminderLeadTime, tags } = state
  const occurrenceAt = occurrence.at.toISOString()
  const task = taskCreated(
    {
      id,
      title,
      description,
      priority,
      reminderLeadTime,
      tags,
      dueDate: occurrenceAt,
      instanceOf: {
        recurringTask: state.id,
        occurrenceAt,
        instanceDate: occurrence.instanceDate,
        recurrenceParent: parent,
      },
    },
    unit.now,
  )
  await insertTasks(unit, [task], { causationId })
}
