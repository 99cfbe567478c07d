import type { EntityType } from '../domain/entity.ts'
import { badUserInput } from '../domain/errors.ts'
import type { RecurringTaskState } from '../domain/recurring-task-state.ts'
import type { ReminderState } from '../domain/reminder-state.ts'
import type { TagState } from '../domain/tag.ts'
import type { TaskState } from '../domain/task.ts'
import { type RecurringTaskRow, recurringTaskRow } from '../entities/recurring-task-state.ts'
import { reminderRow } from '../entities/reminder-state.ts'
import { type TagRow, tagRow } from '../entities/tag-state.ts'
import { type TaskRow, taskRow } from '../entities/task-state.ts'
import { syncOperation } from '../events/operations.ts'
import { readFeedPosition } from '../sync/feed-position.ts'
import type { EventBatch, FeedEvent, FeedMessage } from '../sync/message.ts'
import type { FeedPage } from '../sync/page.ts'
import { type Context, viewerOf } from './context.ts'
import { recurringTaskById } from './recurring-task-loaders.ts'
import { type ShownReminder, reminderById } from './reminder-loaders.ts'
import { tagById } from './tags.ts'
import { tagsOfTasks, taskById } from './task-loaders.ts'

const DEFAULT_EVENTS = 50
const MOST_EVENTS = 100

interface FeedFilter {
  readonly entityTypes?: readonly EntityType[] | null | undefined
}

/** What an event is about, of one of the types of `SyncEntity`. */
export type SyncEntityRow =
  | { readonly type: 'Task'; readonly row: TaskRow }
  | { readonly type: 'Tag'; readonly row: TagRow }
  | { readonly type: 'RecurringTask'; readonly row: RecurringTaskRow }
  | { readonly type: 'Reminder'; readonly row: ShownReminder }

/** The user's feed, from a cursor or from now on. */
export function subscribeToFeed(
  context: Context,
  args: FeedFilter & { readonly after?: string | null | undefined },
): AsyncIterable<FeedMessage> {
  const { userId } = viewerOf(context)
  return context.services.feed.subscribe(userId, { ...args, after: context.resumeAfter ?? args.after })
}

/** Where the feed stands, as PostgreSQL says in the operation's own snapshot. */
export async function syncCursor(context: Context): Promise<string> {
  const { userId } = viewerOf(context)
  return context.services.feed.cursorAt(userId, await readFeedPosition(await context.reads.open()))
}

/** A part of the feed, by polling. */
export async function syncPage(
  context: Context,
  { after, entityTypes, first }: FeedFilter & { readonly after: string; readonly first?: number | null | undefined },
): Promise<FeedPage> {
  const { userId } = viewerOf(context)
  const count = first ?? DEFAULT_EVENTS
  if (count < 1 || count > MOST_EVENTS)
    throw badUserInput([{ path: ['first'], message: `Must be from 1 to ${MOST_EVENTS}.` }])
  const record = await readFeedPosition(await context.reads.open())
  return context.services.feed.page(userId, record, { after, entityTypes, first: count })
}

/**
 * The entity of an event at the event's version or a newer one; null after a deletion and where it is gone. What is live
 * has it in the event, and is answered at once; what is replayed is read as it is now, all of a batch at once.
 *
 * @param withTags whether a task's tags will be asked for, too
 */
export function entityOf(
  message: FeedEvent,
  context: Context,
  withTags: boolean,
): SyncEntityRow | null | Promise<SyncEntityRow | null> {
  const { event, now } = message
  if (syncOperation(event.type) === 'DELETE') return null
  if (now !== undefined) return entityNow(event, now, context, withTags)
  return entityFromState(event.data.entityType, event.data.state, event.userid)
}

function entityNow(
  { data: { entityType, entityId, version } }: FeedEvent['event'],
  { batch, shown }: NonNullable<FeedEvent['now']>,
  context: Context,
  withTags: boolean,
): SyncEntityRow | null | Promise<SyncEntityRow | null> {
  const note = (entity: SyncEntityRow | null) => {
    shown.note(entityId, version, entity?.row.version)
    return entity
  }
  const read = readOf(batch, entityType, context)
  const known = read.loaded?.get(entityId)
  if (known !== undefined && (known?.type !== 'Task' || !withTags || read.loadedTags !== undefined)) {
    rememberTags(read, entityId, context)
    return note(known)
  }
  return readNow(read, batch, entityId, context, withTags && entityType === 'TASK').then(note)
}

/** The state was checked against the schema of its type when the event was parsed. */
function entityFromState(entityType: EntityType, state: unknown, userId: string): SyncEntityRow {
  switch (entityType) {
    case 'TASK':
      return { type: 'Task', row: taskRow(state as TaskState, userId) }
    case 'TAG':
      return { type: 'Tag', row: tagRow(state as TagState, userId) }
    case 'RECURRING_TASK':
      return { type: 'RecurringTask', row: recurringTaskRow(state as RecurringTaskState, userId) }
    case 'REMINDER':
      return { type: 'Reminder', row: { ...reminderRow(state as ReminderState, userId), fromEvent: true } }
  }
}

type Entities = ReadonlyMap<string, SyncEntityRow | null>

type Tags = ReadonlyMap<string, readonly TagRow[]>

/** What is read once for a batch. The events after the first are then answered without a promise. */
interface BatchRead {
  readonly entities: Promise<Entities>
  loaded: Entities | undefined
  tags: Promise<Tags> | undefined
  loadedTags: Tags | undefined
}

/** What was read for the events of a batch: each of them executes with a context, and so with loaders, of its own. */
const reads = new WeakMap<EventBatch, Map<EntityType, BatchRead>>()

async function readNow(
  read: BatchRead,
  batch: EventBatch,
  id: string,
  context: Context,
  withTags: boolean,
): Promise<SyncEntityRow | null> {
  try {
    read.loaded = await read.entities
    if (withTags) {
      read.tags ??= tagsOf([...read.loaded.values()], context)
      read.loadedTags = await read.tags
    }
    rememberTags(read, id, context)
    return read.loaded.get(id) ?? null
  } catch (error) {
    // The next event of the batch tries again.
    reads.delete(batch)
    throw error
  }
}

function rememberTags({ loadedTags }: BatchRead, id: string, context: Context): void {
  const own = loadedTags?.get(id)
  if (own !== undefined) context.reads.loader(tagsOfTasks).remember(id, own)
}

function readOf(batch: EventBatch, entityType: EntityType, context: Context): BatchRead {
  let ofBatch = reads.get(batch)
  if (ofBatch === undefined) {
    ofBatch = new Map()
    reads.set(batch, ofBatch)
  }
  let read = ofBatch.get(entityType)
  if (read === undefined) {
    const entities = entitiesNow(entityType, batch.idsOf(entityType), context)
    read = { entities, loaded: undefined, tags: undefined, loadedTags: undefined }
    ofBatch.set(entityType, read)
  }
  return read
}

async function entitiesNow(entityType: EntityType, ids: readonly string[], context: Context): Promise<Entities> {
  const load = async (id: string): Promise<[string, SyncEntityRow | null]> => {
    switch (entityType) {
      case 'TASK': {
        const row = await context.reads.loader(taskById).load(id)
        return [id, row && { type: 'Task', row }]
      }
      case 'TAG': {
        const row = await context.reads.loader(tagById).load(id)
        return [id, row && { type: 'Tag', row }]
      }
      case 'RECURRING_TASK': {
        const row = await context.reads.loader(recurringTaskById).load(id)
        return [id, row && { type: 'RecurringTask', row }]
      }
      case 'REMINDER': {
        const row = await context.reads.loader(reminderById).load(id)
        return [id, row && { type: 'Reminder', row }]
      }
    }
  }
  return new Map(await Promise.all(ids.map(load)))
}

async function tagsOf(entities: readonly (SyncEntityRow | null)[], context: Context): Promise<Tags> {
  const tags = context.reads.loader(tagsOfTasks)
  const ids = entities.flatMap((entity) => (entity === null ? [] : [entity.row.id]))
  return new Map(await Promise.all(ids.map(async (id) => [id, await tags.of(id)] as const)))
}
