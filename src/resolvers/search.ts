import { type RawBuilder, sql } from 'kysely'

/** `"a phrase"` (also one that nobody closed) or a word, each with a `-` before it where it is excluded. */
const TERM = /(-?)(?:"([^"]*)"?|([^\s"]+))/gu

/**
 * A text search as a `tsquery`: all words, exact phrases, none of what is excluded; a word that stands last also as the
 * beginning of one. The text search configuration is `simple`, as in the column: titles have no one language.
 *
 * Not `websearch_to_tsquery`: it takes the word «or» for an operator and knows no prefixes.
 */
export function searchQuery(text: string): RawBuilder<unknown> {
  // PostgreSQL has no text with this character in it.
  const terms = [...text.replaceAll('\0', ' ').matchAll(TERM)]
  const queries = terms.map(([, minus, phrase, word = ''], index) => {
    const query =
      phrase !== undefined
        ? sql`phraseto_tsquery('simple', ${phrase})`
        : minus === '' && index === terms.length - 1
          ? sql`to_tsquery('simple', ${`${quoted(word)}:*`})`
          : sql`plainto_tsquery('simple', ${word})`
    return minus === '-' ? sql`!!${query}` : query
  })
  return queries.length === 0 ? sql`''::tsquery` : sql`(${sql.join(queries, sql` && `)})`
}

/** As one operand of a tsquery (PostgreSQL, section 8.11.2). */
function quoted(word: string): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
