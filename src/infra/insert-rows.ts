import { CompiledQuery } from 'kysely'
import type { Statement } from './transaction.ts'

/** New rows of one table. */
export interface NewRows {
  readonly table: string
  /** At least one; all with the columns of the first. */
  readonly rows: readonly object[]
}

interface Part extends NewRows {
  readonly columns: readonly string[]
}

const MOST_TEXTS = 200

/** What was put together, by its shape. */
const texts = new Map<string, string>()

/**
 * Inserts rows into tables, in one statement. Of one shape its text is always the same, and kept: Kysely builds one of a node
 * for each column and value, which took longer than all the rest that Node has to do with it.
 *
 * @param news in the order of their tables' references
 * @param returning columns of the last table's new rows, which are then the answer, in their order
 */
export function insertRows<Row = unknown>(news: readonly NewRows[], returning: readonly string[] = []): Statement<Row> {
  const parts = news.map(({ table, rows }) => ({ table, columns: Object.keys(rows[0] ?? {}), rows }))
  const values = parts.flatMap(({ columns, rows }) =>
    rows.flatMap((row) => columns.map((column): unknown => row[column as keyof typeof row])),
  )
  const query = CompiledQuery.raw(textOf(parts, returning), values) as CompiledQuery<Row>
  return { compile: () => query }
}

function textOf(parts: readonly Part[], returning: readonly string[]): string {
  const shapes = parts.map(({ table, columns, rows }) => `${table}(${columns.join()})${rows.length}`)
  const shape = `${shapes.join()} ${returning.join()}`
  const known = texts.get(shape)
  if (known !== undefined) return known
  if (texts.size === MOST_TEXTS) texts.clear()
  const text = newText(parts, returning)
  texts.set(shape, text)
  return text
}

/** The parts before the last one are what it is `WITH`. */
function newText(parts: readonly Part[], returning: readonly string[]): string {
  let places = 0
  const place = () => `$${(places += 1)}`
  const inserts = parts.map(({ table, columns, rows }) => {
    const values = rows.map(() => `(${columns.map(place).join(', ')})`)
    return `INSERT INTO ${quoted([table])} (${quoted(columns)}) VALUES ${values.join(', ')}`
  })
  const before = inserts.slice(0, -1).map((insert, index) => `made_${index} AS (${insert})`)
  const statement = [
    ...(before.length === 0 ? [] : [`WITH ${before.join(', ')}`]),
    ...inserts.slice(-1),
    ...(returning.length === 0 ? [] : [`RETURNING ${quoted(returning)}`]),
  ]
  return statement.join(' ')
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
