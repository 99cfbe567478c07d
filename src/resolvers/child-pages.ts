import DataLoader from 'dataloader'
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { Issue } from '../domain/errors.ts'
import { canonicalJson } from './cursor.ts'
import {
  type Page,
  type PageRequest,
  type PagingArgs,
  orderOfColumns,
  pageOf,
  pageRequest,
  pageStatement,
} from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import type { Reads } from './reads.ts'

/** A list that each of several parents has, such as the tasks of a tag. */
export interface ChildList<DB, TB extends keyof DB, Row extends object> {
  /** What the list is and its filter, as JSON, but for the parent. null counts as absent. */
  readonly binding: unknown
  /** What its rows have, where lists of the same binding may differ in that. */
  readonly columns?: readonly string[]
  readonly parentId: string
  /** The whole list of a parent, given by an expression of type uuid. */
  readonly query: (parent: RawBuilder<unknown>) => SelectQueryBuilder<DB, TB, Row>
  readonly keys: readonly OrderKey[]
}

/**
 * As `readPage`, for a list that several parents of one operation may be asked for: those that want the same page of it
 * get theirs in one statement, and their counts in another. A page at a cursor is one parent's only.
 *
 * @throws TaskwireError BAD_USER_INPUT
 */
export async function readChildPage<DB, TB extends keyof DB, Row extends object>(
  reads: Reads,
  { binding, columns, parentId, query, keys }: ChildList<DB, TB, Row>,
  args: PagingArgs,
  issues: readonly Issue[] = [],
): Promise<Page<Row>> {
  const request = pageRequest([reads.userId, binding, parentId], keys, args, issues)
  const { bounds, backward, size } = request
  const order = keys.map((key) => [key.name, key.direction])
  const key = canonicalJson([binding, columns, order, backward, size, bounds])
  const batches = reads.loader(childPages)
  let batch = batches.get(key) as Batch<Row> | undefined
  if (batch === undefined) {
    batch = createBatch(reads, query, request)
    batches.set(key, batch)
  }
  const { pages, counts } = batch
  return pageOf(await pages.load(parentId), request, () => counts.load(parentId))
}

interface Batch<Row> {
  readonly pages: DataLoader<string, readonly Row[]>
  readonly counts: DataLoader<string, number>
}

/** The batches of an operation, by what their parents want; each has rows of the type that its list has. */
const childPages = () => new Map<string, unknown>()

function createBatch<DB, TB extends keyof DB, Row extends object>(
  reads: Reads,
  query: (parent: RawBuilder<unknown>) => SelectQueryBuilder<DB, TB, Row>,
  request: PageRequest,
): Batch<Row> {
  const list = query(sql`parents.id`)
  const pages = async (parentIds: readonly string[]) => {
    const { db } = await reads.open()
    const { rows } = await sql<Row & { parent_id: string }>`
      SELECT page.*, parents.id AS parent_id
      FROM unnest(${parentIds}::uuid[]) AS parents (id) CROSS JOIN LATERAL (${pageStatement(list, request)}) AS page
      ORDER BY ${orderOfColumns(request.keys, request.backward)}`.execute(db)
    const children = new Map<string, Row[]>(parentIds.map((id) => [id, []]))
    for (const row of rows) children.get(row.parent_id)?.push(row)
    return parentIds.map((id) => children.get(id) ?? [])
  }
  const counts = async (parentIds: readonly string[]) => {
    const { db } = await reads.open()
    const counted = list.clearSelect().select(sql<number>`count(*)`.as('count'))
    const { rows } = await sql<{ id: string; count: number }>`
      SELECT parents.id, ${counted} AS count FROM unnest(${parentIds}::uuid[]) AS parents (id)`.execute(db)
    const found = new Map(rows.map((row) => [row.id, row.count]))
    return parentIds.map((id) => found.get(id) ?? 0)
  }
  return { pages: new DataLoader(pages), counts: new DataLoader(counts) }
}
