import { type RawBuilder, sql } from 'kysely'
import type { CursorKind, CursorValue } from './cursor.ts'

/** One of the things that a list is ordered by. Nulls come last, whatever the direction. */
export interface OrderKey {
  /** Tells this order from others of the same list. */
  readonly name: string
  readonly expression: RawBuilder<unknown>
  readonly kind: CursorKind
  readonly direction: 'ASC' | 'DESC'
  readonly nullable?: boolean
  /** The column of the list's rows that the expression is, where it is just that and the rows have it. */
  readonly column?: string
}

/** The values of the places between which a page lies, one for each key. */
export interface Bounds {
  readonly after: readonly CursorValue[] | undefined
  readonly before: readonly CursorValue[] | undefined
}

/** A part of a list that an index can give in order: a condition that is a range, and the order within it. */
export interface Branch {
  readonly condition: RawBuilder<boolean> | undefined
  readonly order: RawBuilder<unknown>
}

/**
 * The parts of a list that may have rows between the bounds: none, one or two. Where the first key can be null, the rows that have
 * it and those that have not are two: no index gives `DESC NULLS LAST`, and a range that is OR-ed with IS NULL is none.
 * The one exception is the start of an ascending list, where the index's own order is the list's.
 *
 * @param backward whether the list is walked from its end
 */
export function branchesOf(keys: readonly OrderKey[], bounds: Bounds, backward: boolean): Branch[] {
  const { after, before } = bounds
  const [leading, ...rest] = keys
  if (leading === undefined) throw new Error('A list needs an order.')
  const ascendingWhole = leading.direction === 'ASC' && after === undefined && before === undefined
  if (leading.nullable !== true || ascendingWhole)
    return [{ condition: between(keys, bounds), order: orderOf(keys, backward) }]

  const branches: Branch[] = []
  if (after?.[0] !== null) {
    const valued = [{ ...leading, nullable: false }, ...rest]
    // Every row that has the key comes before a place that has not.
    const condition = between(valued, { after, before: before?.[0] === null ? undefined : before })
    branches.push({
      condition: both(sql<boolean>`${leading.expression} IS NOT NULL`, condition),
      order: orderOf(valued, backward),
    })
  }
  if (before === undefined || before[0] === null) {
    const condition = between(rest, {
      after: after?.[0] === null ? after.slice(1) : undefined,
      before: before?.slice(1),
    })
    // The key that is null throughout stays in the order, in the direction in which the index has the rest.
    const constant = { ...leading, nullable: false, direction: rest[0]?.direction ?? 'ASC' }
    branches.push({
      condition: both(sql<boolean>`${leading.expression} IS NULL`, condition),
      order: orderOf([constant, ...rest], backward),
    })
  }
  return branches
}

export function orderOf(keys: readonly OrderKey[], backward: boolean): RawBuilder<unknown> {
  return sql.join(
    keys.map((key) => {
      const descending = (key.direction === 'DESC') !== backward
      // Said only where there are any: an index on a column without nulls has no order that names them.
      const nulls = key.nullable !== true ? '' : backward ? ' NULLS FIRST' : ' NULLS LAST'
      return sql`${key.expression} ${sql.raw(`${descending ? 'DESC' : 'ASC'}${nulls}`)}`
    }),
  )
}

type Side = 'after' | 'before'

function between(keys: readonly OrderKey[], { after, before }: Bounds): RawBuilder<boolean> | undefined {
  return both(
    after === undefined ? undefined : beyond(keys, after, 'after'),
    before === undefined ? undefined : beyond(keys, before, 'before'),
  )
}

/** The rows on one side of a place: as a row comparison where SQL has one, else one key after the other. */
function beyond(keys: readonly OrderKey[], values: readonly CursorValue[], side: Side): RawBuilder<boolean> {
  const [leading, ...rest] = keys
  const [value, ...tail] = values
  if (leading === undefined || value === undefined) throw new Error('A place has a value for each key.')
  if (keys.every((key, i) => key.nullable !== true && key.direction === leading.direction && values[i] !== null)) {
    const expressions = sql.join(keys.map((key) => key.expression))
    const place = sql.join(keys.map((key, i) => valueOf(key, values[i] ?? null)))
    return sql<boolean>`(${expressions}) ${operator(leading, side)} (${place})`
  }
  const past = strictlyBeyond(leading, value, side)
  if (rest.length === 0) return past
  const same =
    value === null
      ? sql<boolean>`${leading.expression} IS NULL`
      : sql<boolean>`${leading.expression} = ${valueOf(leading, value)}`
  const either = sql<boolean>`(${past} OR (${same} AND ${beyond(rest, tail, side)}))`
  if (leading.nullable === true || value === null) return either
  // Says nothing new, but an index can use it.
  return sql<boolean>`(${leading.expression} ${operator(leading, side)}= ${valueOf(leading, value)} AND ${either})`
}

function strictlyBeyond(key: OrderKey, value: CursorValue, side: Side): RawBuilder<boolean> {
  if (value === null) return side === 'after' ? sql<boolean>`false` : sql<boolean>`${key.expression} IS NOT NULL`
  const past = sql<boolean>`${key.expression} ${operator(key, side)} ${valueOf(key, value)}`
  return key.nullable === true && side === 'after' ? sql<boolean>`(${past} OR ${key.expression} IS NULL)` : past
}

function operator(key: OrderKey, side: Side): RawBuilder<unknown> {
  return sql.raw((key.direction === 'ASC') === (side === 'after') ? '>' : '<')
}

function valueOf(key: OrderKey, value: CursorValue): RawBuilder<unknown> {
  const parameter = key.kind === 'timestamptz' && typeof value === 'number' ? new Date(value).toISOString() : value
  return sql`${parameter}::${sql.raw(key.kind)}`
}

function both(a: RawBuilder<boolean> | undefined, b: RawBuilder<boolean> | undefined): RawBuilder<boolean> | undefined {
  return a !== undefined && b !== undefined ? sql<boolean>`(${a} AND ${b})` : (a ?? b)
}
