import { inUtc } from './column-types.ts'
import type { TimedStatement } from './ask.ts'

const USES_BEFORE = 3
const MOST_STATEMENTS = 100
const MOST_COUNTED = 500
const LONGEST_SQL = 8_192
const ALL_COLUMNS = /\bselect\s+("?\w+"?\.)?\*/i

/** What selects all columns cannot be: its answer changes when a migration adds one, and PostgreSQL then refuses it. */
function isPreparable(sql: string): boolean {
  return sql.length <= LONGEST_SQL && !ALL_COLUMNS.test(sql)
}

/**
 * Which statements one connection prepares: those whose text it is given again and again. PostgreSQL parses and plans
 * them once (a page of tasks takes it half the time then), and keeps each for as long as the connection lives. So there
 * are no more than a hundred, and connections do not live for ever: what is asked often changes with the hours.
 */
export class PreparedStatements {
  readonly #names = new Map<string, string>()
  #uses = new Map<string, number>()

  /** The statement as pg takes it. */
  query(text: string, parameters: readonly unknown[], patienceMs: number): TimedStatement {
    return { text, name: this.#nameOf(text), values: parameters.map(inUtc), patienceMs }
  }

  /** The name to prepare the statement under; undefined where it is to be sent as it is. */
  #nameOf(sql: string): string | undefined {
    const known = this.#names.get(sql)
    if (known !== undefined || this.#names.size === MOST_STATEMENTS || !isPreparable(sql)) return known
    const uses = (this.#uses.get(sql) ?? 0) + 1
    if (uses > USES_BEFORE) {
      const name = `taskwire_${this.#names.size}`
      this.#names.set(sql, name)
      this.#uses.delete(sql)
      return name
    }
    if (this.#uses.size === MOST_COUNTED) this.#uses = new Map()
    this.#uses.set(sql, uses)
    return undefined
  }
}
