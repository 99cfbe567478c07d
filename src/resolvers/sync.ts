import type { EntityType } from '../domain/entity.ts'
import { badUserInput } from '../domain/errors.ts'
import type { NamedTagRow } from '../entities/tag-state.ts'
import { syncOperation } from '../events/operations.ts'
import { readFeedPosition } from '../sync/feed-position.ts'
import type { EventBatch, FeedEvent, FeedMessage } from '../sync/message.ts'
import type { FeedPage } from '../sync/page.ts'
import { type Context, viewerOf } from './context.ts'
import { entityFromState, loadEntity, type SyncEntityRow } from './sync-entities.ts'
import { tagsOfTasks } from './task-loaders.ts'

const DEFAULT_EVENTS = 50
const MOST_EVENTS = 100

interface FeedFilter {
  readonly entityTypes?: readonly EntityType[] | null | undefined
}

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

type Entities = ReadonlyMap<string, SyncEntityRow | null>

type Tags = ReadonlyMap<string, readonly NamedTagRow[]>

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
  return new Map(await Promise.all(ids.map(async (id) => [id, await loadEntity(entityType, id, context)] as const)))
}

async function tagsOf(entities: readonly (SyncEntityRow | null)[], context: Context): Promise<Tags> {
  const tags = context.reads.loader(tagsOfTasks)
  const ids = entities.flatMap((entity) => (entity === null ? [] : [entity.row.id]))
  return new Map(await Promise.all(ids.map(async (id) => [id, await tags.of(id)] as const)))
}
