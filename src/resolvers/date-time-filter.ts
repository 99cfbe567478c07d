import { type RawBuilder, sql } from 'kysely'

/** A range of instants; what is absent or null does not restrict. */
export interface DateTimeFilter {
  readonly gt?: Date | null | undefined
  readonly gte?: Date | null | undefined
  readonly lt?: Date | null | undefined
  readonly lte?: Date | null | undefined
  readonly isNull?: boolean | null | undefined
}

const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** What the filter asks of a column, one condition a field. A null in the column fulfils none but `isNull: true`. */
export function dateTimeConditions(column: RawBuilder<unknown>, filter: DateTimeFilter): RawBuilder<boolean>[] {
  const conditions: RawBuilder<boolean>[] = []
  for (const [name, operator] of Object.entries(OPERATORS)) {
    const instant = filter[name as keyof typeof OPERATORS] ?? undefined
    if (instant !== undefined)
      conditions.push(sql<boolean>`${column} ${sql.raw(operator)} ${instant.toISOString()}::timestamptz`)
  }
  const isNull = filter.isNull ?? undefined
  if (isNull !== undefined) conditions.push(sql<boolean>`${column} ${sql.raw(isNull ? 'IS NULL' : 'IS NOT NULL')}`)
  return conditions
}
