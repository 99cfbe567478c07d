import { type RawBuilder, sql } from 'kysely'

/** Whether a column's text is this one. PostgreSQL has no text with a NUL in it: nothing is. */
export function isText(column: string, text: string): RawBuilder<boolean> {
  return text.includes('\0') ? sql`false` : sql`${sql.ref(column)} = ${text}`
}

/** Whether it is one of these. */
export function isOneOf(column: string, texts: readonly string[]): RawBuilder<boolean> {
  return sql`${sql.ref(column)} = ANY(${texts.filter((text) => !text.includes('\0'))}::text[])`
}
