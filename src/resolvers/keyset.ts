import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import { badUserInput, type Issue } from '../domain/errors.ts'
import { type Cursors, type CursorValue, createCursors } from './cursor.ts'
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

/** Which page of a list is asked for: checked arguments. */
export interface PageRequest {
  readonly keys: readonly OrderKey[]
  readonly cursors: Cursors
  readonly bounds: Bounds
  readonly backward: boolean
  readonly size: number
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
  const { query, keys } = list
  const request = pageRequest([reads.userId, list.binding], keys, args, issues)
  const { db } = await reads.open()
  const { rows } = await pageStatement(query, request).execute(db)
  return pageOf(rows, request, async () => {
    const counted = query.clearSelect().select(sql<number>`count(*)`.as('count'))
    const { count } = (await counted.executeTakeFirstOrThrow()) as { count: number }
    return count
  })
}

/**
 * @param list whose list it is, what, and with which filter, as JSON
 * @throws TaskwireError BAD_USER_INPUT
 */
export function pageRequest(
  list: unknown,
  keys: readonly OrderKey[],
  args: PagingArgs,
  issues: readonly Issue[],
): PageRequest {
  const order = keys.map((key) => [key.name, key.direction])
  const cursors = createCursors(
    [list, order],
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
  return {
    keys,
    cursors,
    bounds,
    backward: typeof args.last === 'number',
    size: args.last ?? args.first ?? DEFAULT_PAGE,
  }
}

/** The rows of a page and one more, where there is one, in the order in which they are walked. */
export function pageStatement<DB, TB extends keyof DB, Row extends object>(
  query: SelectQueryBuilder<DB, TB, Row>,
  { keys, bounds, backward, size }: PageRequest,
): RawBuilder<Row> {
  const added = keys.flatMap((key, i) => (key.column === undefined ? [key.expression.as(columnOf(key, i))] : []))
  const keyed = query.select(added).limit(sql.lit(size + 1))
  const [first, second] = branchesOf(keys, bounds, backward).map((branch) => {
    const ordered = keyed.orderBy(branch.order)
    return branch.condition === undefined ? ordered : ordered.where(branch.condition)
  })
  // Between a place without a value and an earlier one with it there is nothing.
  if (second === undefined) return sql<Row>`${first ?? keyed.where(sql<boolean>`false`)}`
  return sql<Row>`
    ${first} UNION ALL ${second} ORDER BY ${orderOfColumns(keys, backward)} LIMIT ${sql.lit(size + 1)}`
}

/** The order of rows that have come out of a page's statement. */
export function orderOfColumns(keys: readonly OrderKey[], backward: boolean): RawBuilder<unknown> {
  return orderOf(
    keys.map((key, i) => ({ ...key, expression: sql.ref(columnOf(key, i)) })),
    backward,
  )
}

/** The page that a page's statement has answered. */
export function pageOf<Row extends object>(
  fetched: readonly Row[],
  { keys, cursors, bounds, backward, size }: PageRequest,
  totalCount: () => Promise<number>,
): Page<Row> {
  const more = fetched.length > size
  const walked = fetched.slice(0, size)
  const rows = backward ? walked.toReversed() : walked
  const cursorOf = (row: Row) => cursors.write(keys.map((key, i) => keyValue(row, columnOf(key, i))))
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
    totalCount,
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

/** Where a row has the value of its key `i`: in a column of its own, or one that is not part of what callers see. */
const columnOf = ({ column }: OrderKey, i: number) => column ?? `key_${i}`

function keyValue(row: object, column: string): CursorValue {
  const value = (row as Readonly<Record<string, Date | CursorValue>>)[column] ?? null
  return value instanceof Date ? value.getTime() : value
}
