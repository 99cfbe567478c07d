import { sql } from 'kysely'
import type { TaskwireDatabase, Tx } from '../entities/tables.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'

/** How far the work lies behind what users have done: what an operator has to know, whatever the connections say. */
export interface Lag {
  /** Events not published yet. */
  readonly outboxBacklog: number
  /** Age of the oldest of them, 0 where there is none. */
  readonly outboxOldestSeconds: number
  /** Age of the oldest event without its audit entry, 0 where there is none. */
  readonly auditOldestSeconds: number
  /** How long the oldest reminder has been due without being fired, 0 where there is none. */
  readonly remindersOldestSeconds: number
}

const INTERVAL_MS = 2_000
const PAGE = 2_000
/** A transaction may commit a lower `seq` this much later than others committed higher ones. */
const LATE_COMMIT_MS = 5_000

/** Measures the lag every two seconds, for the metrics and the readiness check. */
export class LagMonitor implements Service {
  readonly name = 'lag'
  readonly #loop: LoopService
  /** All events up to this `seq` are known to be audited. */
  #auditedThrough: number | undefined
  #last: Lag | undefined

  /** @param database under the worker's role */
  constructor(database: TaskwireDatabase, log: Log, metrics: Metrics) {
    this.#loop = new LoopService(this.name, log, async (state) => {
      this.#last = await database.asNobody((tx) => this.#measure(tx))
      metrics.outboxBacklog.set(this.#last.outboxBacklog)
      metrics.outboxAgeSeconds.set(this.#last.outboxOldestSeconds)
      metrics.auditAgeSeconds.set(this.#last.auditOldestSeconds)
      metrics.remindersDueSeconds.set(this.#last.remindersOldestSeconds)
      await state.sleep(INTERVAL_MS)
    })
  }

  /** The last measurement; undefined before the first. */
  get last(): Lag | undefined {
    return this.#last
  }

  run(): Promise<void> {
    return this.#loop.run()
  }

  drain(): Promise<void> {
    return this.#loop.drain()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  async #measure({ db, now }: Tx): Promise<Lag> {
    const age = (at: Date | null | undefined) =>
      at === null || at === undefined ? 0 : Math.max(0, (now.getTime() - at.getTime()) / 1_000)
    const outbox = await sql<{ backlog: number; oldest: Date | null }>`
      SELECT count(*) AS backlog, min(created_at) AS oldest FROM outbox WHERE published_at IS NULL`.execute(db)
    return {
      outboxBacklog: outbox.rows[0]?.backlog ?? 0,
      outboxOldestSeconds: age(outbox.rows[0]?.oldest),
      auditOldestSeconds: age(await this.#oldestUnaudited(db, new Date(now.getTime() - LATE_COMMIT_MS))),
      remindersOldestSeconds: age(await dueSince(db, now)),
    }
  }

  /** Walks on from what is known to be audited, a page at a time, so that each row is looked at about once. */
  async #oldestUnaudited(db: Tx['db'], settledBefore: Date): Promise<Date | undefined> {
    let through = this.#auditedThrough ?? 0
    for (;;) {
      const { rows } = await sql<{ seq: number; created_at: Date; audited: boolean }>`
        SELECT outbox.seq, outbox.created_at, audit_entries.event_id IS NOT NULL AS audited
        FROM outbox LEFT JOIN audit_entries ON audit_entries.event_id = outbox.id
        WHERE outbox.seq > ${through} ORDER BY outbox.seq LIMIT ${PAGE}`.execute(db)
      for (const row of rows) {
        if (!row.audited) return row.created_at
        through = row.seq
        if (row.created_at < settledBefore) this.#auditedThrough = row.seq
      }
      if (rows.length < PAGE) return undefined
    }
  }
}

/** Since when the oldest of the reminders that are due could have gone out: one may be made, or retried, after its time. */
async function dueSince(db: Tx['db'], now: Date): Promise<Date | null | undefined> {
  const { rows } = await sql<{ since: Date | null }>`
    SELECT min(greatest(remind_at, updated_at)) AS since FROM (
      SELECT remind_at, updated_at FROM reminders
      WHERE state = 'PENDING' AND triggered_at IS NULL AND remind_at <= ${now}::timestamptz
      ORDER BY remind_at LIMIT ${PAGE}
    ) AS due`.execute(db)
  return rows[0]?.since
}
