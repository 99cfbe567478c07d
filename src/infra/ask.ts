import pg from 'pg'

/** PostgreSQL, or the network to it, has not answered in time. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

export interface TimedStatement {
  readonly text: string
  /** It is prepared under it. */
  readonly name?: string | undefined
  readonly values?: unknown[]
  /** After so many milliseconds without an answer the connection is given up. */
  readonly patienceMs: number
}

/**
 * Sends a statement as pg's own query: of a configuration pg makes a copy, property by property. It has a timeout, too, but
 * one that keeps each answer until the old generation is collected.
 *
 * @throws Error whose stack leads to the caller, and not to the socket
 */
export async function ask<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  { text, name, values, patienceMs }: TimedStatement,
): Promise<pg.QueryResult<Row>> {
  const answered = new Promise<pg.QueryResult<Row>>((resolve, reject) => {
    const query = new pg.Query(text, values, (error: Error | null | undefined, result: unknown) => {
      clearTimeout(silence)
      if (error) reject(error)
      // What pg calls back with has the rows of this statement.
      else resolve(result as pg.QueryResult<Row>)
    })
    const silence = setTimeout(() => {
      reject(new NoAnswerError('PostgreSQL does not answer.'))
      // Nothing that was sent after it can be answered.
      client.connection.stream.destroy()
    }, patienceMs)
    // pg's types have no name.
    client.query(Object.assign(query, { name }))
  })
  try {
    return await answered
  } catch (error) {
    if (error instanceof Error) Error.captureStackTrace(error)
    throw error
  }
}
