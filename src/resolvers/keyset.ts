import { type SelectQueryBuilder, sql } from 'kysely'
import { badUserInput, type Issue } from '../domain/errors.ts'
import { type CursorValue, createCursors } from './cursor.ts'
import { type Bounds, branchesOf, type OrderKey, orderOf } from './keyset-branches.ts'
import type { Reads } from './reads.ts'

/** The arguments of every connection field. */
export interface PagingArgs {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

export interface PagedList<DB, TB extends keyof DB, Row extends object> {
  /** What the list is and its filter, as JSON: a cursor is good for this list only. null counts as absent. */
  readonly binding: unknown
  /** The whole list, without order and limit. */
  readonly query: SelectQueryBuilder<DB, TB, Row>
  /** What it is ordered by. The last key is never null, and no two rows have it equal. */
  readonly keys: readonly OrderKey[]
}

/** One page of a list, in the list's order. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  cursorOf(row: Row): string
  /** The cursors of the first and the last row; null where there is none. */
  startCursor(): string | null
  endCursor(): string | null
  /** How many rows the whole list has: a statement of its own. */
  totalCount(): Promise<number>
}

const DEFAULT_PAGE = 50
const LARGEST_PAGE = 100

/**
 * Reads one page by keyset: what lies beyond a cursor's values, so that rows which come, change or go elsewhere neither
 * repeat nor hide others. Forward unless `last` is given.
 *
 * @param issues what is wrong with the field's other arguments, to be reported together with what is wrong with these
 * @throws TaskwireError BAD_USER_INPUT
 */
export async function readPage<DB, TB extends keyof DB, Row extends object>(
  reads: Reads,
  list: PagedList<DB, TB, Row>,
  args: PagingArgs,
  issues: readonly Issue[] = [],
): Promise<Page<Row>> {
  const { keys, query } = list
  const order = keys.map((key) => [key.name, key.direction])
  const cursors = createCursors(
    [reads.userId, list.binding, order],
    keys.map((key) => key.kind),
  )
  const found = [...issues, ...sizeIssues(args)]
  const place = (name: 'after' | 'before') => {
    const text = args[name] ?? undefined
    const values = text === undefined ? undefined : cursors.read(text)
    if (text !== undefined && values === undefined)
      found.push({ path: [name], message: 'Must be a cursor of this list, with this filter and order.' })
    return values
  }
  const bounds: Bounds = { after: place('after'), before: place('before') }
  if (found.length > 0) throw badUserInput(found)

  const backward = typeof args.last === 'number'
  const size = args.last ?? args.first ?? DEFAULT_PAGE
  const rows = await fetchRows(reads, list, bounds, backward, size + 1)
  const more = rows.length > size
  if (more) rows.length = size
  if (backward) rows.reverse()

  const cursorOf = (row: Row) => cursors.write(keys.map((_, i) => keyValue(row, i)))
  const cursorAt = (index: number) => {
    const row = rows.at(index)
    return row === undefined ? null : cursorOf(row)
  }
  return {
    rows,
    hasNextPage: backward ? bounds.before !== undefined : more,
    hasPreviousPage: backward ? more : bounds.after !== undefined,
    cursorOf,
    startCursor: () => cursorAt(0),
    endCursor: () => cursorAt(-1),
    async totalCount() {
      const counted = query.clearSelect().select(sql<number>`count(*)`.as('count'))
      const { count } = (await counted.executeTakeFirstOrThrow()) as { count: number }
      return count
    },
  }
}

/**
 * How many elements a list without cursors is to have.
 *
 * @throws TaskwireError BAD_USER_INPUT
 */
export function pageSize(args: Pick<PagingArgs, 'first'>): number {
  const issues = sizeIssues(args)
  if (issues.length > 0) throw badUserInput(issues)
  return args.first ?? DEFAULT_PAGE
}

function sizeIssues(args: PagingArgs): Issue[] {
  const issues: Issue[] = []
  for (const name of ['first', 'last'] as const) {
    const size = args[name] ?? undefined
    if (size !== undefined && (size < 1 || size > LARGEST_PAGE))
      issues.push({ path: [name], message: `Must be 1 to ${LARGEST_PAGE}.` })
  }
  if (typeof args.first === 'number' && typeof args.last === 'number')
    issues.push({ path: ['last'], message: 'Not together with first.' })
  return issues
}

/** Where a row has the value of its key `i`, as its cursor needs it. */
const keyColumn = (i: number) => `key_${i}`

function keyValue(row: object, i: number): CursorValue {
  const value = (row as Readonly<Record<string, Date | CursorValue>>)[keyColumn(i)] ?? null
  return value instanceof Date ? value.getTime() : value
}

/** The rows in the order in which they are walked. */
async function fetchRows<DB, TB extends keyof DB, Row extends object>(
  reads: Reads,
  { keys, query }: PagedList<DB, TB, Row>,
  bounds: Bounds,
  backward: boolean,
  limit: number,
): Promise<Row[]> {
  const keyed = query.select(keys.map((key, i) => key.expression.as(keyColumn(i)))).limit(limit)
  const [first, second] = branchesOf(keys, bounds, backward).map((branch) => {
    const ordered = keyed.orderBy(branch.order)
    return branch.condition === undefined ? ordered : ordered.where(branch.condition)
  })
  if (first === undefined) return []
  // The keys' columns are not part of the row that callers see.
  if (second === undefined) return first.execute()
  const columns = keys.map((key, i) => ({ ...key, expression: sql.ref(keyColumn(i)) }))
  const page = sql<Row>`
    SELECT * FROM (${first} UNION ALL ${second}) AS page ORDER BY ${orderOf(columns, backward)} LIMIT ${limit}`
  const { db } = await reads.open()
  return (await page.execute(db)).rows
}
