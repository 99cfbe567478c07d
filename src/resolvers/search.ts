import { type RawBuilder, sql } from 'kysely'

/** `"a phrase"` (also one that nobody closed) or a word, each with a `-` before it where it is excluded. */
const TERM = /(-?)(?:"([^"]*)"?|([^\s"]+))/gu

/** Stands between words in the column, too: there PostgreSQL's parser would make one word of an address or a date. */
const BETWEEN_WORDS = /[\s\0\-+./:@_&<>#=~%]+/u

/**
 * A text search as a `tsquery`: all words, exact phrases, none of what is excluded; a word that stands last also as the
 * beginning of one. The text search configuration is `simple`, as in the column: titles have no one language.
 *
 * Not `websearch_to_tsquery`: it takes the word «or» for an operator and knows no prefixes.
 */
export function searchQuery(text: string): RawBuilder<unknown> {
  const terms = [...text.matchAll(TERM)]
  const queries = terms.map(([, minus, phrase, word], index) => {
    const beginning = phrase === undefined && minus === '' && index === terms.length - 1
    const query = sql`to_tsquery('simple', ${inARow(phrase ?? word ?? '', beginning)})`
    return minus === '-' ? sql`!!${query}` : query
  })
  return queries.length === 0 ? sql`''::tsquery` : sql`(${sql.join(queries, sql` && `)})`
}

/** The words of a text one behind the other, in the form of PostgreSQL's section 8.11.2. */
function inARow(text: string, lastIsBeginning: boolean): string {
  const words = text.split(BETWEEN_WORDS).filter((word) => word !== '')
  const quoted = words.map((word) => `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
  return quoted.join(' <-> ') + (lastIsBeginning && quoted.length > 0 ? ':*' : '')
}
