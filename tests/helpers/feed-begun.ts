import type { TestDatabase } from './database.ts'
import { eventually } from './eventually.ts'

/** Until a relay has led: the feed shows nothing before that. */
export async function feedBegun(database: Pick<TestDatabase, 'query'>): Promise<void> {
  await eventually(async () => (await database.query('SELECT FROM relay WHERE stream_created IS NOT NULL')).length > 0)
}
