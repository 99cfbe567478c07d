import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../entities/tables.ts'
import type { RetentionConfig } from '../lib/retention-config.ts'

/** What has been kept long enough in one table, a page at a time. */
export interface Pruning {
  readonly what: string
  /**
   * Looks at the next page of what is old, the oldest first, and takes away what may go of it, in one statement. It waits
   * for nobody: a row that another transaction holds is left to the next pass. Nor does what may not go, however much
   * there is, keep what lies behind it from being looked at.
   *
   * @param after where the page before ended; undefined begins
   */
  prune(tx: Tx, after: string | undefined): Promise<PrunedPage>
}

export interface PrunedPage {
  readonly pruned: number
  /** Where this page ended; undefined where nothing more is old. */
  readonly after: string | undefined
}

const DEFAULT_PAGE = 500
const DAY_MS = 24 * 60 * 60 * 1_000

/** In the order of a pass: what is gone from the outbox may go from the inbox. @param page rows of one transaction */
export function prunings(kept: RetentionConfig, page = DEFAULT_PAGE): readonly Pruning[] {
  return [
    outbox(kept.outboxMs, page),
    byAge('inbox', page, {
      key: ['consumer', 'event_id'],
      age: 'handled_at',
      keptMs: kept.inboxMs,
      // What the outbox still has may be published once more, however old it is: it may have no audit entry yet. And a
      // dead letter may be tried once more, whose effect was had just before the worker died.
      mayGo: sql`
        NOT EXISTS (SELECT FROM outbox WHERE outbox.id = inbox.event_id)
        AND NOT EXISTS (
          SELECT FROM dead_letters AS letter
          WHERE letter.consumer = inbox.consumer AND letter.message_id = inbox.event_id::text
            AND letter.discarded_at IS NULL)`,
    }),
    byAge('idempotency_keys', page, { key: ['user_id', 'field', 'key'], age: 'created_at', keptMs: DAY_MS }),
    byAge('deliveries', page, {
      key: ['id'],
      age: 'settled_at',
      keptMs: kept.deliveriesMs,
      mayGo: sql`outcome IS NOT NULL`,
    }),
    byAge('conversation_sessions', page, {
      key: ['id'],
      age: 'working_state_at',
      keptMs: DAY_MS,
      take: sql`UPDATE conversation_sessions SET working_state = NULL, working_state_at = NULL FROM free`,
    }),
  ]
}

/**
 * Published events that have their audit entry. In the order of `seq`, which is about that of age and has an index: one on
 * the time of publishing would cost the relay an entry for each event.
 */
function outbox(keptMs: number, page: number): Pruning {
  return {
    what: 'outbox',
    prune(tx, after) {
      const before = ago(tx, keptMs)
      return prunePage(tx, page, {
        table: 'outbox',
        key: ['id'],
        rows: sql`
          SELECT id, seq AS place, created_at < ${before} AS old FROM outbox
          WHERE seq > ${after ?? 0}::bigint ORDER BY seq`,
        mayGo: sql`published_at < ${before} AND EXISTS (SELECT FROM audit_entries WHERE event_id = outbox.id)`,
      })
    },
  }
}

interface ByAge {
  /** The columns of the primary key. */
  readonly key: readonly string[]
  /** The column that age goes by; it has an index. */
  readonly age: string
  readonly keptMs: number
  /** What else must hold. */
  readonly mayGo?: RawBuilder<unknown>
  readonly take?: RawBuilder<unknown>
}

function byAge(table: string, page: number, { key, age, keptMs, mayGo = sql`true`, take }: ByAge): Pruning {
  const column = sql.ref(`${table}.${age}`)
  return {
    what: table,
    prune(tx, after) {
      const before = ago(tx, keptMs)
      return prunePage(tx, page, {
        table,
        key,
        rows: sql`
          SELECT ${columns(key, table)}, ${column} AS place, true AS old FROM ${sql.table(table)}
          WHERE ${column} > ${after ?? '-infinity'}::timestamptz AND ${column} < ${before} ORDER BY ${column}`,
        mayGo: sql`${column} < ${before} AND ${mayGo}`,
        take,
      })
    },
  }
}

interface Page {
  readonly table: string
  readonly key: readonly string[]
  /** The key of each row, its `place` in the order, and whether it is `old`: the first that is not is the end. */
  readonly rows: RawBuilder<unknown>
  /** Looked at again once the row is locked. */
  readonly mayGo: RawBuilder<unknown>
  /** Default: deletes. */
  readonly take?: RawBuilder<unknown> | undefined
}

async function prunePage({ db }: Tx, page: number, { table, key, rows, mayGo, take }: Page): Promise<PrunedPage> {
  const own = sql.table(table)
  const same = key.map((column) => sql`${sql.ref(`${table}.${column}`)} = ${sql.ref(`free.${column}`)}`)
  const result = await sql<{ pruned: number; old: number; after: string | null }>`
    WITH page AS MATERIALIZED (${rows} LIMIT ${page}),
    free AS (
      SELECT ${columns(key, table)} FROM ${own} JOIN page USING (${columns(key)})
      WHERE ${mayGo} FOR UPDATE OF ${own} SKIP LOCKED
    ),
    pruned AS (${take ?? sql`DELETE FROM ${own} USING free`} WHERE ${sql.join(same, sql` AND `)} RETURNING true)
    SELECT (SELECT count(*) FROM pruned) AS pruned, count(*) FILTER (WHERE old) AS old, max(place)::text AS after
    FROM page`.execute(db)
  const { pruned, old, after } = result.rows[0] ?? { pruned: 0, old: 0, after: null }
  return { pruned, after: old < page || after === null ? undefined : after }
}

function columns(names: readonly string[], table?: string): RawBuilder<unknown> {
  return sql.join(names.map((name) => sql.ref(table === undefined ? name : `${table}.${name}`)))
}

function ago({ now }: Tx, ms: number): RawBuilder<unknown> {
  return sql`${new Date(now.getTime() - ms)}::timestamptz`
}
