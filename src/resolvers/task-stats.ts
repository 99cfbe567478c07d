import { sql } from 'kysely'
import { dayOf } from '../domain/day.ts'
import { badUserInput } from '../domain/errors.ts'
import { PRIORITIES, type TaskPriority } from '../domain/task.ts'
import { ownedBy } from '../entities/scope.ts'
import type { TagRow } from '../entities/tag-state.ts'
import type { Context } from './context.ts'
import { pageSize } from './keyset.ts'
import { overdueCondition } from './task-filter.ts'

export interface TaskStats {
  readonly total: number
  readonly pending: number
  readonly inProgress: number
  readonly completed: number
  readonly overdue: number
  readonly dueToday: number
  readonly completedToday: number
  readonly byPriority: readonly { readonly priority: TaskPriority; readonly count: number }[]
}

export interface TagCount {
  readonly tag: TagRow
  readonly count: number
}

/** Counts over the tasks that are not in the trash, in one statement. Days are those of `timezone`, or of UTC. */
export async function taskStats(
  { reads }: Context,
  { timezone }: { readonly timezone?: string | null | undefined },
): Promise<TaskStats> {
  const { db, now } = await reads.open()
  const today = dayOf(now, timezone ?? 'UTC')
  if (today === undefined)
    throw badUserInput([
      { path: ['timezone'], message: 'Must be the name of an IANA time zone, such as Europe/Berlin.' },
    ])
  const [start, end] = [today.start.toISOString(), today.end.toISOString()]
  const countOf = (condition: unknown) => sql<number>`count(*) FILTER (WHERE ${condition})`
  const counts = await db
    .selectFrom('tasks')
    .select([
      sql<number>`count(*)`.as('total'),
      countOf(sql`status = 'PENDING'`).as('pending'),
      countOf(sql`status = 'IN_PROGRESS'`).as('inProgress'),
      countOf(sql`status = 'COMPLETED'`).as('completed'),
      countOf(overdueCondition(now)).as('overdue'),
      countOf(sql`due_date >= ${start}::timestamptz AND due_date < ${end}::timestamptz`).as('dueToday'),
      countOf(sql`completed_at >= ${start}::timestamptz AND completed_at < ${end}::timestamptz`).as('completedToday'),
    ])
    .select(PRIORITIES.map((priority) => countOf(sql`status <> 'COMPLETED' AND priority = ${priority}`).as(priority)))
    .where('deleted_at', 'is', null)
    .where(ownedBy(reads.userId))
    .executeTakeFirstOrThrow()
  return { ...counts, byPriority: PRIORITIES.map((priority) => ({ priority, count: counts[priority] })) }
}

/** How many open tasks, not in the trash, have each tag: most first, then by name. Tags without any are left out. */
export async function openTasksByTag(
  { reads }: Context,
  args: { readonly first?: number | null | undefined },
): Promise<readonly TagCount[]> {
  const first = pageSize(args)
  const { userId } = reads
  const { db } = await reads.open()
  const rows = await db
    .selectFrom('tasks')
    .innerJoin('task_tags as links', 'links.task_id', 'tasks.id')
    .innerJoin('tags', 'tags.id', 'links.tag_id')
    .selectAll('tags')
    .select(sql<number>`count(*)`.as('count'))
    .where('tasks.deleted_at', 'is', null)
    .where('tasks.status', '<>', 'COMPLETED')
    .where('tags.deleted_at', 'is', null)
    .where(ownedBy(userId, 'tasks'))
    .where(ownedBy(userId, 'links'))
    .where(ownedBy(userId, 'tags'))
    .groupBy('tags.id')
    .orderBy('count', 'desc')
    .orderBy(sql`tags.name_key COLLATE "C"`)
    .limit(first)
    .execute()
  return rows.map(({ count, ...tag }) => ({ tag, count }))
}
