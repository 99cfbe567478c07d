import { isDeepStrictEqual } from 'node:util'
import { nextVersion } from './entity.ts'
import { badUserInput, type Issue, TaskwireError } from './errors.ts'
import { checkSeries } from './recurrence/series.ts'
import type {
  Progress,
  RecurrenceBasis,
  RecurringTask,
  RecurringTaskChange,
  RecurringTaskState,
} from './recurring-task-state.ts'
import { madeUpTo, occurrenceAfterDone, seriesOf } from './recurring-task-times.ts'
import type { TagRef } from './tag.ts'
import { DEFAULT_LEAD_MINUTES, type TaskPriority } from './task.ts'
import { inOrderOfName } from './task-tags.ts'

/*
 * A series and the ways between its states.
 *
 *   (nothing)          ──► active         recurring-task.created, with its first instance
 *   active             ──► paused         recurring-task.paused    makes no instances
 *   paused             ──► active         recurring-task.resumed   counts from then on
 *   active, paused     ──► ended          recurring-task.deleted   for good; the instances stay
 *   active, paused     ──► the same       recurring-task.updated   by the user, and with every instance that is made
 *
 * What would change nothing is no transition. One that has ended takes no change: INVALID_TRANSITION.
 */

/** A series that has changed, how, and how far it has come now. */
export interface ChangedRecurringTask extends RecurringTask {
  readonly change: RecurringTaskChange
}

/** A checked series to be made; what is absent takes its default. Instants are RFC 3339. */
export interface NewRecurringTask {
  readonly id: string
  readonly title: string
  readonly description?: string | null | undefined
  readonly priority?: TaskPriority | null | undefined
  readonly tags: readonly TagRef[]
  /** Absent: 60. null: no reminder. */
  readonly reminderLeadTime?: number | null | undefined
  /** Canonical. */
  readonly rule: string
  readonly timezone?: string | null | undefined
  readonly basis?: RecurrenceBasis | null | undefined
  readonly endDate?: string | null | undefined
  readonly startsAt: string
}

/** @param first the instance that it begins with, and which time that stands for */
export function recurringTaskCreated(
  series: NewRecurringTask,
  first: { readonly id: string; readonly occurrenceAt: string },
  now: Date,
): ChangedRecurringTask {
  const at = now.toISOString()
  const state = {
    id: series.id,
    version: 1,
    title: series.title,
    description: series.description ?? null,
    priority: series.priority ?? 'MEDIUM',
    tags: inOrderOfName(series.tags),
    reminderLeadTime: series.reminderLeadTime === undefined ? DEFAULT_LEAD_MINUTES : series.reminderLeadTime,
    rule: series.rule,
    startsAt: series.startsAt,
    timezone: series.timezone ?? 'UTC',
    basis: series.basis ?? 'COMPLETION',
    endDate: series.endDate ?? null,
    active: true,
    nextOccurrenceAt: null,
    lastGeneratedAt: at,
    deletedAt: null,
    createdAt: at,
    updatedAt: at,
  } satisfies RecurringTaskState
  const progress = {
    lastInstanceId: first.id,
    lastOccurrenceAt: first.occurrenceAt,
    // Not the first instance's time: that may be done before, on a day to count from.
    countsFrom: series.startsAt < at ? series.startsAt : at,
    instancesMade: 1,
  }
  return changed('recurring-task.created', undefined, state, progress)
}

/** A checked update: what is absent stays, null clears. */
export interface RecurringTaskUpdate {
  readonly title?: string | undefined
  readonly description?: string | null | undefined
  readonly priority?: TaskPriority | undefined
  /** All the tags of instances that are made after it. */
  readonly tags?: readonly TagRef[] | undefined
  readonly reminderLeadTime?: number | null | undefined
  readonly rule?: string | undefined
  readonly timezone?: string | undefined
  readonly basis?: RecurrenceBasis | undefined
  readonly endDate?: string | null | undefined
  readonly startsAt?: string | undefined
}

/**
 * Another rule, zone, basis, anchor or end counts from now on: what it would have made before is not made up for.
 *
 * @returns undefined where nothing would change
 * @throws TaskwireError INVALID_TRANSITION where it has ended; BAD_USER_INPUT for a rule that cannot be
 */
export function recurringTaskUpdated(
  { state, progress }: RecurringTask,
  update: RecurringTaskUpdate,
  now: Date,
): ChangedRecurringTask | undefined {
  refuseEnded(state)
  const { tags, ...given } = update
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const wanted: RecurringTaskState = { ...state, ...fields, ...(tags && { tags: inOrderOfName(tags) }) }
  if (isDeepStrictEqual(wanted, state)) return undefined
  const recurs = isDeepStrictEqual(seriesOf(wanted), seriesOf(state)) && wanted.basis === state.basis
  if (!recurs) {
    const issues: Issue[] = []
    checkSeries(seriesOf(wanted), ['input', 'recurrence'], issues)
    if (issues.length > 0) throw badUserInput(issues)
  }
  const next = { ...wanted, ...versionOf(nextVersion(state, now)) }
  return changed('recurring-task.updated', state, next, recurs ? progress : countingFrom(progress, now))
}

/** @throws TaskwireError INVALID_TRANSITION where it has ended */
export function recurringTaskPaused({ state, progress }: RecurringTask, now: Date): ChangedRecurringTask | undefined {
  refuseEnded(state)
  if (!state.active) return undefined
  return changed('recurring-task.paused', state, { ...nextVersion(state, now), active: false }, progress)
}

/** @throws TaskwireError INVALID_TRANSITION where it has ended */
export function recurringTaskResumed({ state, progress }: RecurringTask, now: Date): ChangedRecurringTask | undefined {
  refuseEnded(state)
  if (state.active) return undefined
  const next = { ...nextVersion(state, now), active: true }
  return changed('recurring-task.resumed', state, next, countingFrom(progress, now))
}

export function recurringTaskDeleted({ state, progress }: RecurringTask, now: Date): ChangedRecurringTask | undefined {
  if (state.deletedAt !== null) return undefined
  const next = nextVersion(state, now)
  const ended = { ...next, active: false, deletedAt: next.updatedAt }
  return changed('recurring-task.deleted', state, ended, progress)
}

/** It has made an instance. */
export function instanceMade(
  { state, progress }: RecurringTask,
  instance: { readonly id: string; readonly occurrenceAt: string },
  now: Date,
): ChangedRecurringTask {
  const next = nextVersion(state, now)
  const made = {
    ...progress,
    lastInstanceId: instance.id,
    lastOccurrenceAt: instance.occurrenceAt,
    instancesMade: progress.instancesMade + 1,
  }
  return changed('recurring-task.updated', state, { ...next, lastGeneratedAt: next.updatedAt }, made)
}

/** The last instance that it made is gone, as if it had not made it. @param before the one before that */
export function instanceRemoved(
  { state, progress }: RecurringTask,
  before: { readonly id: string; readonly occurrenceAt: string; readonly createdAt: string },
  now: Date,
): ChangedRecurringTask {
  const lastGeneratedAt = before.createdAt > state.createdAt ? before.createdAt : state.createdAt
  return changed(
    'recurring-task.updated',
    state,
    { ...nextVersion(state, now), lastGeneratedAt },
    {
      ...progress,
      lastInstanceId: before.id,
      lastOccurrenceAt: before.occurrenceAt,
      instancesMade: progress.instancesMade - 1,
    },
  )
}

/**
 * Its last instance was done too late for another one.
 *
 * @returns undefined where that is told already
 */
export function ranOut({ state, progress }: RecurringTask, doneAt: Date, now: Date): ChangedRecurringTask | undefined {
  if (state.nextOccurrenceAt === null) return undefined
  return changed('recurring-task.updated', state, nextVersion(state, now), countingFrom(progress, doneAt))
}

export function changed(
  type: RecurringTaskChange['type'],
  before: RecurringTaskState | undefined,
  after: RecurringTaskState,
  progress: Progress,
): ChangedRecurringTask {
  // Counted from the last instance's day, as if that were completed when it is due.
  const next = after.active ? occurrenceAfterDone({ state: after, progress }, madeUpTo(progress)) : undefined
  const state = { ...after, nextOccurrenceAt: next?.at.toISOString() ?? null, countsFrom: progress.countsFrom }
  return { state, progress, change: { type, state, ...(before && { previousState: before }) } }
}

function countingFrom(progress: Progress, from: Date): Progress {
  return { ...progress, countsFrom: from.toISOString() }
}

function versionOf({ version, updatedAt }: RecurringTaskState) {
  return { version, updatedAt }
}

function refuseEnded(state: RecurringTaskState): void {
  if (state.deletedAt !== null) throw new TaskwireError('INVALID_TRANSITION', 'The series has ended.')
}
