import { nextVersion } from './entity.ts'
import { LEAD_TIME_NEEDS_DUE_DATE, taskFields, type TaskChange, type TaskState } from './task.ts'
import { before, changedSince, type Deed, expectUnchanged, fieldsOf, type Undoing, undoRefused } from './undo.ts'

type Field = keyof TaskState

const NOT_ITS_OWN: readonly string[] = ['id', 'version', 'createdAt', 'updatedAt']
const FIELDS = Object.keys(taskFields).filter((field) => !NOT_ITS_OWN.includes(field)) as readonly Field[]

const WHAT = 'The task'
const DAY_MS = 24 * 60 * 60_000

/**
 * @param deed its tags, as the task's, are those that there are now, by the names of now
 * @throws TaskwireError INVALID_TRANSITION
 */
export function taskChangeUndone(task: TaskState, deed: Deed<TaskState>, now: Date): Undoing<TaskChange> {
  const fields = fieldsOf(deed, FIELDS)
  if (task.deletedAt !== null && !fields.includes('deletedAt'))
    throw undoRefused('The task is in the trash.', ['deletedAt'])
  expectUnchanged(WHAT, task, deed, fields)
  if (fields.length === 0) throw undoRefused('There is nothing left of it to take back.')
  const next = nextVersion(task, now)
  const state = { ...next, ...before(deed, fields) }
  if (state.dueDate === null && state.reminderLeadTime !== null)
    throw undoRefused(LEAD_TIME_NEEDS_DUE_DATE, fields.includes('dueDate') ? ['reminderLeadTime'] : ['dueDate'])
  // Back in the trash, but not so that it is emptied at once.
  const longAgo = state.deletedAt !== null && now.getTime() - Date.parse(deed.at) > DAY_MS
  return {
    type: typeOf(task, state),
    state: longAgo ? { ...state, deletedAt: next.updatedAt } : state,
    previousState: task,
    undoes: deed.eventId,
  }
}

function typeOf(task: TaskState, state: TaskState): TaskChange['type'] {
  if (task.deletedAt === null && state.deletedAt !== null) return 'task.deleted'
  if (task.deletedAt !== null && state.deletedAt === null) return 'task.restored'
  if (task.completed === state.completed) return 'task.updated'
  return state.completed ? 'task.completed' : 'task.reopened'
}

/** The task is gone for good: only what made it knows that it may come back. @throws TaskwireError INVALID_TRANSITION */
export function taskCreationUndone(task: TaskState, deed: Deed<TaskState>, now: Date): Undoing<TaskChange> {
  expectUnchanged(WHAT, task, deed, FIELDS)
  return { ...taskRemoved(task, now), undoes: deed.eventId }
}

/** Gone without having been in the trash. */
export function taskRemoved(task: TaskState, now: Date): TaskChange {
  const next = nextVersion(task, now)
  return { type: 'task.purged', state: { ...next, deletedAt: next.updatedAt }, previousState: task }
}

/** Whether the event removed a task whose creation was undone: one from the trash is gone for ever. */
export function isRemoval({ previousState }: Deed<TaskState>): boolean {
  return previousState !== undefined && previousState.deletedAt === null
}

/** The task as it was, made again. @param deed its tags are those that there are now */
export function taskRemovalUndone(deed: Deed<TaskState>, now: Date): Undoing<TaskChange> {
  const { previousState = deed.state } = deed
  const state = { ...nextVersion(deed.state, now), deletedAt: null, tags: previousState.tags }
  return { type: 'task.created', state, undoes: deed.eventId }
}

/** Whether a task, of a series, is as that has made it. @param made by the event that made it */
export function isUntouched(task: TaskState, made: Deed<TaskState>): boolean {
  return changedSince(task, made, FIELDS).length === 0
}
