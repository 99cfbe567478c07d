import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { nextVersion } from './entity.ts'
import { badUserInput, TaskwireError } from './errors.ts'
import { changedAt, entityId, entityVersion, instant, madeAt, tags } from './state-fields.ts'
import type { TagRef } from './tag.ts'
import { inOrderOfName } from './task-tags.ts'

/*
 * The states of a task and the ways between them. Whichever mutation takes one, the event is the same.
 *
 *   (nothing)             ──► PENDING, IN_PROGRESS, COMPLETED    task.created
 *   PENDING ◄─► IN_PROGRESS                                      task.updated
 *   PENDING, IN_PROGRESS  ──► COMPLETED                          task.completed   completedAt is set
 *   COMPLETED             ──► PENDING, IN_PROGRESS               task.reopened    completedAt is cleared
 *
 * and, whatever the status, the trash:
 *
 *   in use ──► in the trash    task.deleted    deletedAt is set
 *   in the trash ──► in use    task.restored   deletedAt is cleared
 *   in the trash ──► (gone)    task.purged
 *
 * A task in the trash takes neither a change of status nor any other. What would change nothing is no transition: it
 * makes no event and is no error.
 */

export const STATUSES = ['PENDING', 'IN_PROGRESS', 'COMPLETED'] as const
export type TaskStatus = (typeof STATUSES)[number]
export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const
export type TaskPriority = (typeof PRIORITIES)[number]

/** What an event tells of a task: the own fields of the API's Task, and its tags by the names they had. */
export const taskFields = {
  id: entityId,
  version: entityVersion,
  title: z.string().describe('What is to be done.'),
  description: z.string().nullable().describe('More about it; null where there is none.'),
  status: z.enum(STATUSES).describe('Where it stands.'),
  completed: z.boolean().describe('Whether its status is COMPLETED.'),
  completedAt: instant.nullable().describe('When it was completed; null while it is open.'),
  priority: z.enum(PRIORITIES).describe('How much it matters.'),
  dueDate: instant.nullable().describe('When it is due; null: at no certain time.'),
  reminderLeadTime: z
    .int()
    .nullable()
    .describe('How long before it is due its reminder comes, in minutes; null: none does.'),
  tags,
  // Events of before there were series are without these.
  recurringTask: z.guid().nullish().describe('The series that it is an instance of; null: of none.'),
  occurrenceAt: instant.nullish().describe('Of an instance: the time that it stands for.'),
  instanceDate: z.iso.date().nullish().describe('Of an instance: that day, in the time zone of the series.'),
  recurrenceParent: z.guid().nullish().describe('Of an instance: the one before it; null for the first.'),
  deletedAt: instant.nullable().describe('Since when it has been in the trash; null while it is not there.'),
  createdAt: madeAt,
  updatedAt: changedAt,
}

/**
 * A task as its rules and its events see it. Instants are RFC 3339 in UTC with milliseconds, so they sort as text;
 * `reminderLeadTime` is in minutes; `tags` are in the order of their names.
 */
export type TaskState = z.infer<z.ZodObject<typeof taskFields>>

/** What happened to a task: the event it makes, and the state before and after. */
export interface TaskChange {
  readonly type: `task.${'created' | 'updated' | 'completed' | 'reopened' | 'deleted' | 'restored' | 'purged'}`
  readonly state: TaskState
  readonly previousState?: TaskState
}

/** Which time of which series a task stands for, and which instance of it came before. */
export interface InstanceOf {
  readonly recurringTask: string
  /** RFC 3339 in UTC. */
  readonly occurrenceAt: string
  /** That day in the series' time zone, YYYY-MM-DD. */
  readonly instanceDate: string
  /** null for the first. */
  readonly recurrenceParent: string | null
}

const NO_INSTANCE = { recurringTask: null, occurrenceAt: null, instanceDate: null, recurrenceParent: null }

export const DEFAULT_LEAD_MINUTES = 60
export const LEAD_TIME_NEEDS_DUE_DATE = 'A lead time needs a due date.'

/** A checked task to be made; what is absent takes its default. Instants are RFC 3339. */
export interface NewTask {
  readonly id: string
  readonly title: string
  readonly description?: string | null | undefined
  readonly status?: TaskStatus | null | undefined
  readonly priority?: TaskPriority | null | undefined
  readonly dueDate?: string | null | undefined
  /** Absent with a due date: 60. null: no reminder. */
  readonly reminderLeadTime?: number | null | undefined
  readonly tags: readonly TagRef[]
  readonly instanceOf?: InstanceOf | undefined
}

export function taskCreated(task: NewTask, now: Date): TaskChange {
  const at = now.toISOString()
  const status = task.status ?? 'PENDING'
  const completed = status === 'COMPLETED'
  const dueDate = task.dueDate ?? null
  const state: TaskState = {
    id: task.id,
    version: 1,
    title: task.title,
    description: task.description ?? null,
    status,
    completed,
    completedAt: completed ? at : null,
    priority: task.priority ?? 'MEDIUM',
    dueDate,
    reminderLeadTime: leadTime(null, dueDate, null, task.reminderLeadTime),
    tags: inOrderOfName(task.tags),
    ...(task.instanceOf ?? NO_INSTANCE),
    deletedAt: null,
    createdAt: at,
    updatedAt: at,
  }
  return { type: 'task.created', state }
}

/** A checked update: what is absent stays, null clears. */
export interface TaskUpdate {
  readonly title?: string | undefined
  readonly description?: string | null | undefined
  readonly status?: TaskStatus | undefined
  readonly priority?: TaskPriority | undefined
  readonly dueDate?: string | null | undefined
  readonly reminderLeadTime?: number | null | undefined
  /** All the tags that the task has after it. */
  readonly tags?: readonly TagRef[] | undefined
  readonly instanceOf?: InstanceOf | undefined
}

/**
 * @returns undefined where nothing would change
 * @throws TaskwireError INVALID_TRANSITION in the trash; BAD_USER_INPUT for a lead time without a due date
 */
export function taskUpdated(task: TaskState, update: TaskUpdate, now: Date): TaskChange | undefined {
  if (task.deletedAt !== null) throw new TaskwireError('INVALID_TRANSITION', 'The task is in the trash.')
  const next = nextVersion(task, now)
  const status = update.status ?? task.status
  const completed = status === 'COMPLETED'
  const dueDate = update.dueDate === undefined ? task.dueDate : update.dueDate
  const changed = {
    title: update.title ?? task.title,
    description: update.description === undefined ? task.description : update.description,
    status,
    completed,
    completedAt: completed ? (task.completedAt ?? next.updatedAt) : null,
    priority: update.priority ?? task.priority,
    dueDate,
    reminderLeadTime: leadTime(task.dueDate, dueDate, task.reminderLeadTime, update.reminderLeadTime),
    tags: update.tags === undefined ? task.tags : inOrderOfName(update.tags),
    ...update.instanceOf,
  }
  if (isDeepStrictEqual({ ...task, ...changed }, task)) return undefined
  return {
    type: completed === task.completed ? 'task.updated' : completed ? 'task.completed' : 'task.reopened',
    state: { ...next, ...changed },
    previousState: task,
  }
}

/** What happens to a task, and that it becomes an instance, too. */
export function asInstance(change: TaskChange, instanceOf: InstanceOf): TaskChange {
  return { ...change, state: { ...change.state, ...instanceOf } }
}

/** @throws TaskwireError INVALID_TRANSITION in the trash */
export function taskCompleted(task: TaskState, now: Date): TaskChange | undefined {
  return taskUpdated(task, { status: 'COMPLETED' }, now)
}

/** Back to PENDING where it was completed. @throws TaskwireError INVALID_TRANSITION in the trash */
export function taskReopened(task: TaskState, now: Date): TaskChange | undefined {
  return taskUpdated(task, task.completed ? { status: 'PENDING' } : {}, now)
}

export function taskDeleted(task: TaskState, now: Date): TaskChange | undefined {
  if (task.deletedAt !== null) return undefined
  const next = nextVersion(task, now)
  return { type: 'task.deleted', state: { ...next, deletedAt: next.updatedAt }, previousState: task }
}

export function taskRestored(task: TaskState, now: Date): TaskChange | undefined {
  if (task.deletedAt === null) return undefined
  return { type: 'task.restored', state: { ...nextVersion(task, now), deletedAt: null }, previousState: task }
}

/** The last event of a task that is to go for good. @throws TaskwireError INVALID_TRANSITION outside the trash */
export function taskPurged(task: TaskState, now: Date): TaskChange {
  if (task.deletedAt === null)
    throw new TaskwireError('INVALID_TRANSITION', 'Only a task in the trash can be purged: delete it first.')
  return { type: 'task.purged', state: nextVersion(task, now), previousState: task }
}

/** The first due date brings a lead time, and without one there is none. */
function leadTime(
  dueBefore: string | null,
  due: string | null,
  before: number | null,
  wanted: number | null | undefined,
): number | null {
  if (due !== null) return wanted === undefined ? (dueBefore === null ? DEFAULT_LEAD_MINUTES : before) : wanted
  if (wanted === undefined || wanted === null) return null
  throw badUserInput([{ path: ['input', 'reminderLeadTime'], message: LEAD_TIME_NEEDS_DUE_DATE }])
}
