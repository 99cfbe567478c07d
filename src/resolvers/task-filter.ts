import { type RawBuilder, sql } from 'kysely'
import type { Issue } from '../domain/errors.ts'
import { tagKey } from '../domain/tag.ts'
import type { TaskPriority, TaskStatus } from '../domain/task.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import { type DateTimeFilter, dateTimeConditions } from './date-time-filter.ts'
import { searchQuery } from './search.ts'

type Maybe<T> = T | null | undefined

export interface TagMatch {
  readonly any?: Maybe<readonly string[]>
  readonly all?: Maybe<readonly string[]>
  readonly none?: Maybe<readonly string[]>
}

/** What a task must fulfil. null and absent do not restrict; an empty list matches nothing. */
export interface TaskFilter {
  readonly and?: Maybe<readonly TaskFilter[]>
  readonly or?: Maybe<readonly TaskFilter[]>
  readonly not?: Maybe<TaskFilter>
  readonly ids?: Maybe<readonly string[]>
  readonly status?: Maybe<readonly TaskStatus[]>
  readonly completed?: Maybe<boolean>
  readonly priority?: Maybe<readonly TaskPriority[]>
  readonly tags?: Maybe<TagMatch>
  readonly dueDate?: Maybe<DateTimeFilter>
  readonly completedAt?: Maybe<DateTimeFilter>
  readonly createdAt?: Maybe<DateTimeFilter>
  readonly updatedAt?: Maybe<DateTimeFilter>
  readonly overdue?: Maybe<boolean>
  readonly recurringTaskId?: Maybe<string>
  readonly search?: Maybe<string>
}

/** For whom a filter is read, and when: undefined where it does not depend on the time. */
export interface FilterScope {
  readonly userId: string
  readonly now: Date | undefined
  /** The list joins what the filter's own search finds, for its rank: it needs no condition. */
  readonly ranked: boolean
}

type Path = readonly (string | number)[]
type Condition = RawBuilder<boolean>

const DEEPEST_FILTER = 10
const MOST_FILTERS = 200
const LONGEST_SEARCH = 1_000

/** The search that a filter asks for: a blank one asks for nothing. */
export function searchOf(filter: Maybe<TaskFilter>): string | undefined {
  const search = filter?.search?.trim()
  return search === '' ? undefined : search
}

/** Only then has a list to know the time before it is read. */
export function dependsOnTime(filter: Maybe<TaskFilter>): boolean {
  if (!filter) return false
  const { overdue, and, or, not } = filter
  return typeof overdue === 'boolean' || [...(and ?? []), ...(or ?? []), not].some(dependsOnTime)
}

/** A task is overdue when its due date is past and it is not completed, whether or not it is in the trash. */
export function overdueCondition(now: Date): Condition {
  return sql<boolean>`(tasks.due_date < ${now.toISOString()}::timestamptz AND tasks.status <> 'COMPLETED')`
}

/**
 * The filter as a condition on `tasks`, true or not true for each of them. What is wrong with the filter is added to
 * `issues`.
 */
export function taskCondition(filter: Maybe<TaskFilter>, scope: FilterScope, issues: Issue[]): Condition {
  let filters = 0

  const walk = (part: TaskFilter, path: Path, depth: number): Condition => {
    filters += 1
    if (depth > DEEPEST_FILTER) issues.push({ path, message: `A filter may be ${DEEPEST_FILTER} levels deep.` })
    if (filters === MOST_FILTERS + 1) issues.push({ path, message: `A filter may have ${MOST_FILTERS} parts.` })
    if (depth > DEEPEST_FILTER || filters > MOST_FILTERS) return FALSE
    const inner = (name: 'and' | 'or') =>
      part[name]?.map((each, index) => walk(each, [...path, name, index], depth + 1)) ?? undefined
    const [and, or] = [inner('and'), inner('or')]
    const conditions = ownConditions(part, scope)
    const search = searchConditionOf(part, path, issues)
    if (search !== undefined && !(scope.ranked && depth === 1)) conditions.push(search)
    if (and !== undefined) conditions.push(and.length === 0 ? FALSE : all(and))
    if (or !== undefined) conditions.push(or.length === 0 ? FALSE : sql<boolean>`(${sql.join(or, sql` OR `)})`)
    // Not SQL's NOT: that a condition is unknown because of a null means that the row does not match it.
    if (part.not) conditions.push(sql<boolean>`((${walk(part.not, [...path, 'not'], depth + 1)}) IS NOT TRUE)`)
    return all(conditions)
  }
  return walk(filter ?? {}, ['filter'], 1)
}

const TRUE = sql<boolean>`true`
const FALSE = sql<boolean>`false`

function all(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? TRUE : sql<boolean>`(${sql.join(conditions, sql` AND `)})`
}

/** What the filter asks itself, without its search and without `and`, `or` and `not`. */
function ownConditions(filter: TaskFilter, scope: FilterScope): Condition[] {
  const conditions: Condition[] = []
  const { ids, status, completed, priority, overdue } = filter
  if (ids) conditions.push(isAmong('tasks.id', ids.filter(isUuid)))
  if (status) conditions.push(sql<boolean>`tasks.status = ANY(${status}::text[])`)
  if (priority) conditions.push(sql<boolean>`tasks.priority = ANY(${priority}::text[])`)
  if (typeof completed === 'boolean')
    conditions.push(sql<boolean>`tasks.status ${sql.raw(completed ? '=' : '<>')} 'COMPLETED'`)
  if (typeof overdue === 'boolean') {
    if (scope.now === undefined) throw new Error('A filter that depends on the time needs it.')
    conditions.push(sql<boolean>`${overdueCondition(scope.now)} ${sql.raw(overdue ? 'IS TRUE' : 'IS NOT TRUE')}`)
  }
  const seriesId = filter.recurringTaskId ?? undefined
  if (seriesId !== undefined)
    conditions.push(isUuid(seriesId) ? sql<boolean>`tasks.recurring_task_id = ${seriesId}::uuid` : FALSE)
  if (filter.tags) conditions.push(...tagConditions(filter.tags, scope.userId))
  for (const [name, column] of INSTANTS) conditions.push(...dateTimeConditions(column, filter[name] ?? {}))
  return conditions
}

function searchConditionOf(filter: TaskFilter, path: Path, issues: Issue[]): Condition | undefined {
  const search = searchOf(filter)
  if (search === undefined) return undefined
  if (search.length > LONGEST_SEARCH)
    issues.push({ path: [...path, 'search'], message: `At most ${LONGEST_SEARCH} characters.` })
  return sql<boolean>`tasks.id IN (SELECT task_id FROM taskwire_search(${searchQuery(search)}))`
}

const INSTANTS = [
  ['dueDate', sql`tasks.due_date`],
  ['completedAt', sql`tasks.completed_at`],
  ['createdAt', sql`tasks.created_at`],
  ['updatedAt', sql`tasks.updated_at`],
] as const

function tagConditions({ any, all: every, none }: TagMatch, userId: string): Condition[] {
  const conditions: Condition[] = []
  if (any) conditions.push(tagged(any, userId))
  if (every) conditions.push(tagged(every, userId, new Set(every.map(keyOf)).size))
  if (none) conditions.push(none.length === 0 ? FALSE : sql<boolean>`(NOT ${tagged(none, userId)})`)
  return conditions
}

/** Has at least so many of these tags, deleted ones not counted. */
function tagged(names: readonly string[], userId: string, atLeast = 1): Condition {
  if (names.length === 0) return FALSE
  // PostgreSQL has no text with this character in it, so no tag has such a name.
  const keys = [...new Set(names.map(keyOf))].filter((key) => !key.includes('\0'))
  const having = atLeast === 1 ? sql`` : sql`GROUP BY links.task_id HAVING count(*) >= ${atLeast}`
  return sql<boolean>`(tasks.id IN (
    SELECT links.task_id FROM task_tags links JOIN tags ON tags.id = links.tag_id
    WHERE tags.name_key = ANY(${keys}::text[]) AND tags.deleted_at IS NULL
      AND ${ownedBy(userId, 'tags')} AND ${ownedBy(userId, 'links')} ${having}))`
}

const keyOf = (name: string) => tagKey(name.trim())
