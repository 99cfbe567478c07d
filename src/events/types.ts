import { z } from 'zod'
import type { EntityType } from '../domain/entity.ts'
import { PRIORITIES, STATUSES } from '../domain/task.ts'

const instant = z.iso.datetime({ precision: 3 })
const identifier = z.uuid()
const version = z.int().min(1)

/** A task's own fields, its tags by the names they had, and other things by their ids. */
export const taskState = z.looseObject({
  id: identifier,
  version,
  title: z.string(),
  description: z.string().nullable(),
  status: z.enum(STATUSES),
  completed: z.boolean(),
  completedAt: instant.nullable(),
  priority: z.enum(PRIORITIES),
  dueDate: instant.nullable(),
  reminderLeadTime: z.int().nullable(),
  tags: z.array(z.looseObject({ id: identifier, name: z.string() })),
  deletedAt: instant.nullable(),
  createdAt: instant,
  updatedAt: instant,
})

export const tagState = z.looseObject({
  id: identifier,
  version,
  name: z.string(),
  color: z.string().nullable(),
  createdAt: instant,
  updatedAt: instant,
})

export type TaskState = z.infer<typeof taskState>
export type TagState = z.infer<typeof tagState>

interface EventDefinition {
  readonly entityType: EntityType
  /** The newest version of `state` that this program writes and understands. */
  readonly schemaVersion: number
  readonly state: z.ZodObject
}

const task = { entityType: 'TASK', schemaVersion: 1, state: taskState } as const
const tag = { entityType: 'TAG', schemaVersion: 1, state: tagState } as const

/** Every type of event, each defined here once; parsed when it is written and again when it is read. */
export const EVENT_TYPES = {
  'task.created': task,
  'task.updated': task,
  'task.completed': task,
  'task.reopened': task,
  'task.deleted': task,
  'task.restored': task,
  'task.purged': task,
  'tag.created': tag,
  'tag.updated': tag,
  'tag.deleted': tag,
} as const satisfies Record<string, EventDefinition>

export type EventType = keyof typeof EVENT_TYPES
export type StateOf<Type extends EventType> = z.infer<(typeof EVENT_TYPES)[Type]['state']>

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_TYPES, type)
}
