import { type RawBuilder, sql } from 'kysely'
import type { Issue } from '../domain/errors.ts'
import { ownedBy } from '../entities/scope.ts'
import { TASK_COLUMNS, type TaskRow } from '../entities/task-state.ts'
import { isUuid } from '../lib/ids.ts'
import { readChildPage } from './child-pages.ts'
import { type Context, viewerOf } from './context.ts'
import { type Page, type PagingArgs, readPage } from './keyset.ts'
import { searchQuery } from './search.ts'
import { dependsOnTime, searchOf, taskCondition, type TaskFilter } from './task-filter.ts'
import { tagsOfTasks, taskById } from './task-loaders.ts'
import { type TaskOrder, taskOrder } from './task-order.ts'

export const TRASH_MODES = ['EXCLUDE', 'ONLY', 'INCLUDE'] as const
export type TrashMode = (typeof TRASH_MODES)[number]

export interface TasksArgs extends PagingArgs {
  readonly filter?: TaskFilter | null | undefined
  readonly orderBy?: readonly TaskOrder[] | null | undefined
}

/** The task with this id, also from the trash; null where the user has none. */
export async function task(context: Context, { id }: { readonly id: string }): Promise<TaskRow | null> {
  viewerOf(context)
  return isUuid(id) ? context.reads.loader(taskById).load(id.toLowerCase()) : null
}

/** What a list is to have read when its tasks are looked at. */
export interface WantedOfTasks {
  /** Of their rows; undefined: all. A row that is asked for another has none there, whatever its type says. */
  readonly columns: ReadonlySet<string> | undefined
  /** Whether their tags will be asked for. */
  readonly tags: boolean
}

export function tasks(
  context: Context,
  args: TasksArgs & { readonly trash: TrashMode },
  wanted: WantedOfTasks,
): Promise<Page<TaskRow>> {
  return listTasks(context, args, { trash: args.trash, wanted })
}

/** The tasks that have a tag, but for those in the trash. */
export function tasksOfTag(
  context: Context,
  tagId: string,
  args: TasksArgs,
  wanted: WantedOfTasks,
): Promise<Page<TaskRow>> {
  const within = { kind: 'tag', id: tagId, condition: hasTag } as const
  return listTasks(context, args, { trash: 'EXCLUDE', within, wanted })
}

/** The instances of a series, but for those in the trash. */
export function instancesOf(
  context: Context,
  recurringTaskId: string,
  args: PagingArgs,
  wanted: WantedOfTasks,
): Promise<Page<TaskRow>> {
  const within = { kind: 'series', id: recurringTaskId, condition: isInstance } as const
  return listTasks(context, args, { trash: 'EXCLUDE', within, wanted })
}

/** What a list of tasks is part of. */
interface Parent {
  readonly kind: 'tag' | 'series'
  readonly id: string
  readonly condition: (id: RawBuilder<unknown>, userId: string) => RawBuilder<boolean>
}

interface ListOptions {
  readonly trash: TrashMode
  readonly within?: Parent
  readonly wanted: WantedOfTasks
}

async function listTasks({ reads }: Context, args: TasksArgs, options: ListOptions): Promise<Page<TaskRow>> {
  const { trash, within, wanted } = options
  const { db } = await reads.open()
  const issues: Issue[] = []
  const search = searchOf(args.filter)
  const keys = taskOrder(args.orderBy, search !== undefined, issues)
  const ranked = search !== undefined && keys.some((key) => key.name === 'RELEVANCE')
  const now = dependsOnTime(args.filter) ? await reads.now() : undefined
  const condition = taskCondition(args.filter, { userId: reads.userId, now, ranked }, issues)
  const ordering = new Set(keys.map((key) => key.column))
  const columns = TASK_COLUMNS.filter((column) => (wanted.columns?.has(column) ?? true) || ordering.has(column))
  const query = db
    .selectFrom('tasks')
    .select(columns.map((column) => `tasks.${column}` as const))
    .where(ownedBy(reads.userId, 'tasks'))
    .where(condition)
    .$if(trash !== 'INCLUDE', (all) => all.where('tasks.deleted_at', trash === 'ONLY' ? 'is not' : 'is', null))
    .$if(ranked, (all) => all.innerJoin(found(search ?? ''), (join) => join.onRef('found.task_id', '=', 'tasks.id')))
  const binding = ['tasks', within?.kind, args.filter, trash]
  const page = await (within === undefined
    ? readPage(reads, { binding, query, keys }, args, issues)
    : readChildPage(
        reads,
        { binding, columns, parentId: within.id, query: (id) => query.where(within.condition(id, reads.userId)), keys },
        args,
        issues,
      ))
  if (wanted.tags) await reads.loader(tagsOfTasks).prefetch(page.rows.map((row) => row.id))
  return page
}

function hasTag(tagId: RawBuilder<unknown>, userId: string): RawBuilder<boolean> {
  return sql`tasks.id IN (SELECT task_id FROM task_tags WHERE tag_id = ${tagId} AND ${ownedBy(userId, 'task_tags')})`
}

function isInstance(recurringTaskId: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`tasks.recurring_task_id = ${recurringTaskId}`
}

function found(search: string) {
  return sql<{ task_id: string; rank: number }>`taskwire_search(${searchQuery(search)})`.as('found')
}
