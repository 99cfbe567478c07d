import { nextVersion } from './entity.ts'
import { changed, type ChangedRecurringTask, recurringTaskDeleted } from './recurring-task.ts'
import type { RecurringTask, RecurringTaskChange, RecurringTaskState } from './recurring-task-state.ts'
import { before, type Deed, expectUnchanged, fieldsOf, type Undoing, undoRefused } from './undo.ts'

/** What a user changes of a series; the rest follows from that, and from the instances that it makes. */
const FIELDS = [
  'title',
  'description',
  'priority',
  'tags',
  'reminderLeadTime',
  'rule',
  'startsAt',
  'timezone',
  'basis',
  'endDate',
  'active',
  'deletedAt',
] as const satisfies readonly (keyof RecurringTaskState)[]

const WHAT = 'The series'

interface UndoneRecurringTask extends ChangedRecurringTask {
  readonly change: Undoing<RecurringTaskChange>
}

/**
 * Where the change counted from a time of its own, the series counts on from where it did before.
 *
 * @param deed its tags, as those of the series, are those that there are now, by the names of now
 * @throws TaskwireError INVALID_TRANSITION
 */
export function recurringTaskChangeUndone(
  { state, progress }: RecurringTask,
  deed: Deed<RecurringTaskState>,
  now: Date,
): UndoneRecurringTask {
  const fields = fieldsOf(deed, FIELDS)
  if (state.deletedAt !== null && !fields.includes('deletedAt'))
    throw undoRefused('The series has ended.', ['deletedAt'])
  expectUnchanged(WHAT, state, deed, fields)
  if (fields.length === 0) throw undoRefused('There is nothing left of it to take back.')
  const after = { ...nextVersion(state, now), ...before(deed, fields) }
  const countedFrom = deed.state.countsFrom === progress.countsFrom ? deed.previousState?.countsFrom : undefined
  const countsFrom = countedFrom ?? progress.countsFrom
  const type = typeOf(state, after)
  // What had ended and is there again is like new to whoever follows.
  const previous = type === 'recurring-task.created' ? undefined : state
  return undoing(changed(type, previous, after, { ...progress, countsFrom }), deed)
}

function typeOf(state: RecurringTaskState, after: RecurringTaskState): RecurringTaskChange['type'] {
  if (state.deletedAt !== null && after.deletedAt === null) return 'recurring-task.created'
  if (state.deletedAt === null && after.deletedAt !== null) return 'recurring-task.deleted'
  if (state.active === after.active) return 'recurring-task.updated'
  return after.active ? 'recurring-task.resumed' : 'recurring-task.paused'
}

/**
 * Of the event that made the series, or made it again after it had ended.
 *
 * @throws TaskwireError INVALID_TRANSITION where it has changed, or the new series has made another instance, since
 */
export function recurringTaskCreationUndone(
  series: RecurringTask,
  deed: Deed<RecurringTaskState>,
  now: Date,
): UndoneRecurringTask {
  expectUnchanged(WHAT, series.state, deed, FIELDS)
  const ended = recurringTaskDeleted(series, now)
  if (ended === undefined || (deed.state.version === 1 && series.progress.instancesMade > 1))
    throw undoRefused('The series has made more instances since.', ['lastGeneratedAt'])
  return undoing(ended, deed)
}

/** It had ended with what is taken back now. */
export function recurringTaskRevived(series: RecurringTask, active: boolean, now: Date): ChangedRecurringTask {
  const state = { ...nextVersion(series.state, now), active, deletedAt: null }
  return changed('recurring-task.created', undefined, state, series.progress)
}

function undoing(series: ChangedRecurringTask, { eventId }: Deed<RecurringTaskState>): UndoneRecurringTask {
  return { ...series, change: { ...series.change, undoes: eventId } }
}
