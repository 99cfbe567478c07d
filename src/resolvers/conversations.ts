import { type RawBuilder, sql } from 'kysely'
import { notFound } from '../domain/errors.ts'
import {
  CONVERSATION_COLUMNS,
  type ConversationMessageRow,
  type ConversationRow,
} from '../entities/conversation-state.ts'
import { ownedBy } from '../entities/scope.ts'
import type { TaskRow } from '../entities/task-state.ts'
import { isUuid } from '../lib/ids.ts'
import { readChildPage } from './child-pages.ts'
import { type Context, viewerOf } from './context.ts'
import { conversationById } from './conversation-loaders.ts'
import { type Page, type PagingArgs, readPage } from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import { taskById } from './task-loaders.ts'

const NEWEST_FIRST: readonly OrderKey[] = [
  { name: 'STARTED_AT', expression: sql`conversation_sessions.started_at`, kind: 'timestamptz', direction: 'DESC' },
  { name: 'ID', expression: sql`conversation_sessions.id`, kind: 'uuid', direction: 'DESC' },
]

const IN_ORDER: readonly OrderKey[] = [
  { name: 'POSITION', expression: sql`conversation_messages.position`, kind: 'int', direction: 'ASC' },
]

export async function conversation(context: Context, { id }: { readonly id: string }): Promise<ConversationRow | null> {
  viewerOf(context)
  return isUuid(id) ? context.reads.loader(conversationById).load(id.toLowerCase()) : null
}

/** The user's sessions, newest first; those that are active now, or those that are not, where `active` asks for it. */
export async function conversations(
  { reads }: Context,
  args: PagingArgs & { readonly active?: boolean | null | undefined },
): Promise<Page<ConversationRow>> {
  const { db } = await reads.open()
  const active = args.active ?? undefined
  let query = db.selectFrom('conversation_sessions').select(CONVERSATION_COLUMNS).where(ownedBy(reads.userId))
  if (active !== undefined) {
    const now = (await reads.now()).toISOString()
    const isActive = sql<boolean>`(ended_at IS NULL AND expires_at > ${now}::timestamptz)`
    query = query.where(active ? isActive : sql<boolean>`NOT ${isActive}`)
  }
  return readPage(reads, { binding: ['conversations', active], query, keys: NEWEST_FIRST }, args)
}

/** By the clock of the operation, like the filter. */
export async function isConversationActive({ reads }: Context, row: ConversationRow): Promise<boolean> {
  return row.ended_at === null && row.expires_at > (await reads.now())
}

/** The messages of a session, oldest first. */
export async function messagesOf(
  { reads }: Context,
  sessionId: string,
  args: PagingArgs,
): Promise<Page<ConversationMessageRow>> {
  const { db } = await reads.open()
  const messages = db.selectFrom('conversation_messages').selectAll().where(ownedBy(reads.userId))
  const list = {
    binding: ['messages'],
    parentId: sessionId,
    query: (session: RawBuilder<unknown>) => messages.where(sql<boolean>`session_id = ${session}`),
    keys: IN_ORDER,
  }
  return readChildPage(reads, list, args)
}

/** @throws TaskwireError NOT_FOUND where it is gone since, as it can be when a live event is shown */
export async function sessionOf({ reads }: Context, message: ConversationMessageRow): Promise<ConversationRow> {
  const row = await reads.loader(conversationById).load(message.session_id)
  if (row === null) throw notFound('The conversation')
  return row
}

/** Those that are not purged, also from the trash, in the order in which they were given. */
export async function tasksReferenced({ reads }: Context, message: ConversationMessageRow): Promise<TaskRow[]> {
  const tasks = await Promise.all(message.task_references.map((id) => reads.loader(taskById).load(id)))
  return tasks.filter((row) => row !== null)
}
