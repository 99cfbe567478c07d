import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createCommandRunner, type RunCommand } from '../src/commands/command.ts'
import { createTag } from '../src/commands/tag.ts'
import { writeAuditEntries } from '../src/consumers/audit.ts'
import { type ConsumerOptions, createConsumer } from '../src/consumers/kit/consumer.ts'
import { forgetFailures, recordFailure } from '../src/consumers/kit/dead-letters.ts'
import type { Handle, React } from '../src/consumers/kit/effects.ts'
import type { Tables, TaskwireDatabase, Tx } from '../src/entities/tables.ts'
import type { TaskwireEvent } from '../src/events/envelope.ts'
import { Database } from '../src/infra/database.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import type { Service } from '../src/lib/service.ts'
import { createMetrics } from '../src/lib/telemetry.ts'
import { FAST } from './helpers/consumer-world.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { tagEvent } from './helpers/outbox.ts'

interface Letter {
  readonly id: string
  readonly message_id: string
  readonly tries: number
  readonly error: string
  readonly dead_at: Date
  readonly retry_at: Date | null
  readonly discarded_at: Date | null
}

describe('a dead letter that is to be tried once more', () => {
  let postgres: TestDatabase
  let database: TaskwireDatabase
  let link: NatsLink
  before(async () => {
    postgres = await createTestDatabase()
    database = postgres.open('taskwire_worker')
    // Nobody listens there: a retry needs no NATS.
    link = new NatsLink(testConfig().nats, testLog())
  })
  beforeEach(() => postgres.query('TRUNCATE dead_letters, audit_entries, inbox, outbox, tags CASCADE'))
  after(async () => {
    await link.close()
    await postgres[Symbol.asyncDispose]()
  })

  const metrics = createMetrics()

  function options(settings: ConsumerOptions['settings'] = {}, over: TaskwireDatabase = database): ConsumerOptions {
    const natsOptions = testConfig().nats
    return { link, natsOptions, database: over, log: testLog(), metrics, settings: { ...FAST, ...settings } }
  }

  /** Runs the services until the outcome is there. */
  async function until(outcome: () => Promise<boolean>, ...services: readonly Service[]): Promise<void> {
    const running = services.map((service) => service.run())
    try {
      await eventually(outcome)
    } finally {
      await Promise.all(services.map((service) => service.stop()))
      await Promise.all(running)
    }
  }

  const audit = (handle: Handle, settings?: ConsumerOptions['settings']) =>
    createConsumer({ name: 'audit', handle }, options(settings))

  const letters = () =>
    postgres.query<Letter & Record<string, unknown>>('SELECT * FROM dead_letters ORDER BY message_id')
  const count = async (from: string) => Number((await postgres.query(`SELECT count(*) AS n FROM ${from}`))[0]?.n)
  const nobodyWaits = async () => (await letters()).every((letter) => letter.retry_at === null)

  /** Letters of a consumer, all of them to be tried once more. */
  async function give(consumer: string, ...given: readonly (TaskwireEvent | string)[]): Promise<void> {
    for (const [index, event] of given.entries()) {
      const of = typeof event === 'string' ? undefined : event
      const failure = {
        consumer,
        messageId: of?.id ?? `message-${index}`,
        eventType: of?.type,
        subject: 'events.YQ.tag.0.created',
        streamSequence: index + 1,
        headers: {},
        body: typeof event === 'string' ? event : JSON.stringify(event),
        error: new TypeError('the first time'),
      }
      await database.asNobody((tx) => recordFailure(tx, failure, 1))
    }
    await postgres.query('UPDATE dead_letters SET retry_at = clock_timestamp()')
  }

  const discard = () =>
    postgres.query(
      `UPDATE dead_letters SET retry_at = NULL, discarded_at = now(), discarded_by = 'ada', discard_reason = 'test'`,
    )

  it('is handled, and gone, and nothing is published', async () => {
    const events = [tagEvent('alice'), tagEvent('bob')]
    await give('audit', ...events)
    await give('recurrence', tagEvent('carol'))
    await until(async () => (await count('audit_entries')) === 2, audit(writeAuditEntries))
    // The letter of another consumer is that consumer's.
    assert.deepEqual(
      (await letters()).map(({ consumer, tries }) => [consumer, tries]),
      [['recurrence', 1]],
    )
    assert.equal(await count('outbox'), 0)
  })

  it('that fails again counts one try more and stays, with why, and is not tried by itself', async () => {
    const event = tagEvent('alice')
    await give('audit', event)
    let calls = 0
    const failing: Handle = () => {
      calls += 1
      throw new RangeError('once more')
    }
    const consumer = audit(failing)
    await until(nobodyWaits, consumer)
    const [letter] = await letters()
    assert.deepEqual([calls, letter?.tries, letter?.error], [1, 2, 'RangeError: once more'])
    assert.equal(letter?.discarded_at, null)

    // Asked for again, it is tried again.
    await postgres.query('UPDATE dead_letters SET retry_at = clock_timestamp()')
    await until(nobodyWaits, audit(failing))
    assert.deepEqual([calls, (await letters())[0]?.tries], [2, 3])
  })

  it('is tried by one of several workers, once', async () => {
    const events = Array.from({ length: 20 }, () => tagEvent('alice'))
    await give('audit', ...events)
    const tried: string[] = []
    const failing: Handle = async (_tx, [event]) => {
      tried.push(event?.id ?? '')
      throw new Error('no')
    }
    await until(nobodyWaits, audit(failing), audit(failing), audit(failing))
    assert.deepEqual(tried.toSorted(), events.map(({ id }) => id).toSorted())
    assert.deepEqual(new Set((await letters()).map(({ tries }) => tries)), new Set([2]))
  })

  it('is no event still: one try more', async () => {
    await give('audit', 'not JSON', '{"type":"tag.created"}')
    await until(nobodyWaits, audit(writeAuditEntries))
    assert.deepEqual(
      (await letters()).map(({ tries }) => tries),
      [2, 2],
    )
  })

  it('is an event by now: handled, under whichever id the message had', async () => {
    const event = tagEvent('alice')
    await give('audit', JSON.stringify(event))
    await until(async () => (await count('dead_letters')) === 0, audit(writeAuditEntries))
    assert.equal(await count('audit_entries'), 1)
  })

  it('of a newer version waits without a try until a program knows it', async () => {
    const newer = tagEvent('alice')
    const known = tagEvent('bob')
    await give('audit', { ...newer, data: { ...newer.data, schemaVersion: 2 } }, known)
    const outcome = async () => {
      const { values } = await metrics.consumerHandled.get()
      return (values.find(({ labels }) => labels.outcome === 'newer')?.value ?? 0) >= 3
    }
    await until(outcome, audit(writeAuditEntries))
    const [letter, ...others] = await letters()
    assert.deepEqual([letter?.message_id, letter?.tries, letter?.error], [newer.id, 1, 'TypeError: the first time'])
    assert.ok(letter?.retry_at)
    assert.deepEqual(others, [])
    // The program that knows it.
    await postgres.query('UPDATE dead_letters SET body = $1', [JSON.stringify(newer)])
    await until(async () => (await count('dead_letters')) === 0, audit(writeAuditEntries))
    assert.equal(await count('audit_entries'), 2)
  })

  it('stays discarded when its event comes again, handled or not', async () => {
    const event = tagEvent('alice')
    await give('audit', event)
    await discard()
    const failure = { consumer: 'audit', messageId: event.id, eventType: event.type, subject: 's', streamSequence: 9 }
    const again = { ...failure, headers: {}, body: JSON.stringify(event), error: new Error('again') }
    assert.deepEqual(await database.asNobody((tx) => recordFailure(tx, again, 5)), { tries: 2, dead: true })
    await database.asNobody((tx) => forgetFailures(tx, 'audit', [event.id]))
    assert.ok((await letters())[0]?.discarded_at)
  })

  describe('by a command', () => {
    /** Its effect cannot be had twice: the name would be taken. */
    const react: React = (event) => createTag.prepare({ name: `for ${event.id}` })

    const reacting = (over: TaskwireDatabase, run = runner(over)) =>
      createConsumer({ name: 'recurrence', react, run }, options({ retryLeaseMs: 30 }, over))

    const runner = (over: TaskwireDatabase): RunCommand =>
      createCommandRunner({ database: over, publicUrl: 'http://localhost', onCommit: () => undefined })

    it('has its effect once when the worker dies at whichever step', async () => {
      // Claim, effect, what the kit forgets, and the letter itself: the answer to one of them never comes.
      for (const lost of [1, 2, 3, 4, undefined]) {
        await postgres.query('TRUNCATE dead_letters, audit_entries, inbox, outbox, tags CASCADE')
        const event = tagEvent('alice')
        await give('recurrence', event)
        await using losing = new LosingDatabase(postgres.url, lost)
        await until(async () => (await count('dead_letters')) === 0, reacting(losing))
        assert.equal(losing.answersLost, lost === undefined ? 0 : 1, `step ${lost}`)
        assert.equal(await count('tags'), 1, `step ${lost}`)
        assert.equal(await count('outbox'), 1, `step ${lost}`)
        assert.equal(await count('inbox'), 1, `step ${lost}`)
      }
    })

    it('that was handled meanwhile has no effect again, and the letter goes', async () => {
      const event = tagEvent('alice')
      await give('recurrence', event)
      await postgres.query(`INSERT INTO inbox VALUES ('recurrence', $1, 'alice', now())`, [event.id])
      await until(async () => (await count('dead_letters')) === 0, reacting(database))
      assert.equal(await count('tags'), 0)
    })

    it('that is discarded while it is tried stays as it was, however that ends', async () => {
      for (const ending of ['handled', 'failed']) {
        const event = tagEvent('alice')
        await give('recurrence', event)
        const tried = Promise.withResolvers<void>()
        const discarding: React = () => async () => {
          await discard()
          tried.resolve()
          if (ending === 'failed') throw new Error('too late')
          return {}
        }
        const consumer = createConsumer({ name: 'recurrence', react: discarding, run: runner(database) }, options())
        await until(() => tried.promise.then(() => true), consumer)
        const letter = (await letters()).find(({ message_id }) => message_id === event.id)
        assert.deepEqual([letter?.tries, letter?.error], [1, 'TypeError: the first time'], ending)
      }
    })

    it('that there is nothing to do about goes, too', async () => {
      await give('recurrence', tagEvent('alice'))
      const idle = createConsumer({ name: 'recurrence', react: () => undefined, run: runner(database) }, options())
      await until(async () => (await count('dead_letters')) === 0, idle)
      assert.equal(await count('inbox'), 0)
    })
  })
})

/** Commits the nth transaction that does something, and never learns of it: as if the worker had died right after. */
class LosingDatabase extends Database<Tables> {
  answersLost = 0
  #counted = 0
  readonly #lost: number | undefined

  constructor(url: string, lost: number | undefined) {
    super({ url, role: 'taskwire_worker', poolSize: 4, statementTimeoutMs: 10_000 })
    this.#lost = lost
  }

  override async asNobody<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const answer = await super.asNobody(work)
    // Looking for letters, and counting them, changes nothing.
    if (answer !== undefined || this.#counted > 0) this.#count()
    return answer
  }

  override async asUser<T>(userId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const answer = await super.asUser(userId, work)
    this.#count()
    return answer
  }

  #count(): void {
    this.#counted += 1
    if (this.#counted !== this.#lost) return
    this.answersLost += 1
    throw Object.assign(new Error('The connection was reset.'), { code: 'ECONNRESET' })
  }
}
