import { type RawBuilder, sql } from 'kysely'
import type { ReminderChannel, ReminderStateName } from '../domain/reminder-state.ts'
import { REMINDER_COLUMNS, type ReminderRow } from '../entities/reminder-state.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import { readChildPage } from './child-pages.ts'
import { type Context, viewerOf } from './context.ts'
import { type DateTimeFilter, dateTimeConditions } from './date-time-filter.ts'
import { type Page, type PagingArgs, readPage } from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import { reminderById } from './reminder-loaders.ts'
import type { Reads } from './reads.ts'

type Maybe<T> = T | null | undefined

/** What a reminder must fulfil. null and absent do not restrict; an empty list matches nothing. */
export interface ReminderFilter {
  readonly taskId?: Maybe<string>
  readonly state?: Maybe<readonly ReminderStateName[]>
  readonly channel?: Maybe<readonly ReminderChannel[]>
  readonly remindAt?: Maybe<DateTimeFilter>
}

const BY_TIME: readonly OrderKey[] = [
  { name: 'REMIND_AT', expression: sql`reminders.remind_at`, kind: 'timestamptz', direction: 'ASC' },
  { name: 'ID', expression: sql`reminders.id`, kind: 'uuid', direction: 'ASC' },
]

/** The reminder with this id; null where the user has none. */
export async function reminder(context: Context, { id }: { readonly id: string }): Promise<ReminderRow | null> {
  viewerOf(context)
  return isUuid(id) ? context.reads.loader(reminderById).load(id.toLowerCase()) : null
}

/** The user's reminders in the order of their time. */
export async function reminders(
  { reads }: Context,
  args: PagingArgs & { readonly filter?: Maybe<ReminderFilter> },
): Promise<Page<ReminderRow>> {
  const filter = args.filter ?? {}
  const query = await matching(reads, conditionsOf(filter))
  return readPage(reads, { binding: ['reminders', filter], query, keys: BY_TIME }, args)
}

/** The same of one task. */
export async function remindersOf(
  { reads }: Context,
  taskId: string,
  args: PagingArgs & Pick<ReminderFilter, 'state'>,
): Promise<Page<ReminderRow>> {
  const { state } = args
  const all = await matching(reads, conditionsOf({ state }))
  const list = {
    binding: ['reminders of a task', state],
    parentId: taskId,
    query: (task: RawBuilder<unknown>) => all.where(sql<boolean>`reminders.task_id = ${task}`),
    keys: BY_TIME,
  }
  return readChildPage(reads, list, args)
}

async function matching(reads: Reads, conditions: readonly RawBuilder<boolean>[]) {
  const { db } = await reads.open()
  const all = db.selectFrom('reminders').select(REMINDER_COLUMNS).where(ownedBy(reads.userId))
  return conditions.reduce((query, condition) => query.where(condition), all)
}

function conditionsOf({ taskId, state, channel, remindAt }: ReminderFilter): RawBuilder<boolean>[] {
  const conditions = dateTimeConditions(sql`reminders.remind_at`, remindAt ?? {})
  if (typeof taskId === 'string') conditions.push(isUuid(taskId) ? sql`task_id = ${taskId}::uuid` : sql`false`)
  if (state) conditions.push(sql`state = ANY(${state}::text[])`)
  if (channel) conditions.push(sql`channel = ANY(${channel}::text[])`)
  return conditions
}
