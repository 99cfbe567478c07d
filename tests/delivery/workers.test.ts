import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createLog } from '../../src/lib/log.ts'
import { DeliveryWorld } from '../helpers/delivery-world.ts'
import { eventually } from '../helpers/eventually.ts'
import { Mailbox } from '../helpers/mailbox.ts'
import { startProxy } from '../helpers/proxy.ts'
import { hang, Receiver, status } from '../helpers/receiver.ts'

const WORKER = join(import.meta.dirname, '..', 'helpers', 'delivery-worker.ts')

/** Several workers, and workers that break at the wrong moment. */
describe('workers that deliver', () => {
  let world: DeliveryWorld
  before(async () => {
    world = await DeliveryWorld.create()
  })
  after(() => world[Symbol.asyncDispose]())

  it('share the work, and nothing is sent by two', async () => {
    await using receiver = await Receiver.start()
    const limits = { all: 8, perUser: 3, perReceiver: 8 }
    const settings = { limits: { EMAIL: limits, SMS: limits, CHAT: limits, WEBHOOK: limits } }
    await using first = world.start({ settings })
    await using second = world.start({ settings, database: world.postgres.open('taskwire_worker') })
    const fired = await world.fire(
      ...Array.from({ length: 150 }, (_, index) => ({
        userId: `user ${index % 9}`,
        channel: 'WEBHOOK' as const,
        target: receiver.url(`/${index}`),
      })),
    )
    await eventually(async () => (await first.tries('sent')) + (await second.tries('sent')) === fired.length)
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    assert.deepEqual(ids.toSorted(), fired.map(({ eventId }) => eventId).toSorted())
    for (const worker of [first, second]) assert.ok((await worker.tries('sent')) > 0)
    const [sent] = await world.postgres.query<{ count: string }>(
      `SELECT count(*) FROM outbox WHERE type = 'reminder.sent'`,
    )
    assert.equal(Number(sent?.count), fired.length)
  })

  it('send what another has begun and did not end once its lease has run out; what that still writes is not taken', async () => {
    let answerLate: () => void = () => undefined
    await using receiver = await Receiver.start({
      answers: [
        (response) => {
          answerLate = () => response.writeHead(500).end()
        },
        status(204),
      ],
    })
    await using slow = world.start({ settings: { leaseMs: 500 } })
    const [fired] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    await eventually(() => receiver.received.length === 1)
    await using quick = world.start({ database: world.postgres.open('taskwire_worker') })
    const { tries } = await world.ended(fired.eventId, 'SENT')
    assert.ok(tries >= 2)
    assert.deepEqual(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])), new Set([fired.eventId]))
    answerLate()
    await eventually(async () => (await slow.tries('late')) >= 1)
    assert.equal((await slow.tries('sent')) + (await quick.tries('sent')), 1)
    assert.equal((await world.reminder(fired.state.id))?.state, 'SENT')
    assert.deepEqual(await world.commands.eventTypes(fired.state.id), ['reminder.sent'])
  })

  it('lose nothing when one is killed in the middle: it is sent once more, under the same id', async () => {
    await using receiver = await Receiver.start({ answers: [hang, status(204)] })
    const leaseMs = 2_000
    const child = fork(WORKER, [world.postgres.url, String(leaseMs)])
    const [fired] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    await eventually(() => receiver.received.length === 1, { withinMs: 60_000 })
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    await using _other = world.start()
    const { tries } = await world.ended(fired.eventId, 'SENT')
    assert.equal(tries, 2)
    assert.deepEqual(
      receiver.received.map(({ headers }) => headers['webhook-id']),
      [fired.eventId, fired.eventId],
    )
    assert.deepEqual(await world.commands.eventTypes(fired.state.id), ['reminder.sent'])
  })

  it('give up what kills or stalls whoever sends it, as often as anything else', async () => {
    await using receiver = await Receiver.start({ answers: [hang] })
    await using worker = world.start({
      env: { DELIVERY_MAX_TRIES: '2', DELIVERY_TIMEOUT_MS: '400' },
      settings: { leaseMs: 50 },
    })
    const [fired] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    const { last_error } = await world.ended(fired.eventId, 'FAILED')
    assert.equal(last_error, 'It is not known what became of the last try.')
    assert.deepEqual([receiver.received.length, await worker.tries('failed')], [2, 1])
  })

  it('write what came of a try when the database is back, and do not send again for that', async () => {
    let answer: () => void = () => undefined
    await using receiver = await Receiver.start({
      answers: [
        (response) => {
          answer = () => response.writeHead(204).end()
        },
        status(204),
      ],
    })
    const url = new URL(world.postgres.url)
    await using proxy = await startProxy({ port: Number(url.port), host: url.hostname })
    url.host = `127.0.0.1:${proxy.port}`
    const database = world.postgres.open('taskwire_worker', { url: url.href })
    const said: string[] = []
    const log = createLog('warn', { write: (line) => void said.push(line) })
    await using worker = world.start({ database, log })
    const [fired] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    await eventually(() => receiver.received.length === 1)
    await proxy.refuse()
    answer()
    await eventually(() => said.some((line) => line.includes('has to wait')))
    await proxy.pass()
    await world.ended(fired.eventId, 'SENT')
    assert.deepEqual([receiver.received.length, await worker.tries('sent')], [1, 1])
  })

  it('finish what is in hand before they stop, and leave the rest to others', async () => {
    let answer: () => void = () => undefined
    await using receiver = await Receiver.start({
      answers: [
        (response) => {
          answer = () => response.writeHead(204).end()
        },
      ],
    })
    const worker = world.start()
    const [fired] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    await eventually(() => receiver.received.length === 1)
    let stopped = false
    const stopping = worker[Symbol.asyncDispose]()
    void stopping.then(() => {
      stopped = true
    })
    const [later] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(later)
    assert.equal(stopped, false)
    answer()
    await stopping
    assert.equal((await world.delivery(fired.eventId)).outcome, 'SENT')
    assert.deepEqual([(await world.delivery(later.eventId)).tries, receiver.received.length], [0, 1])
  })
})

/** A receiver that is broken is left alone, costs nobody else anything, and costs what waits for it no tries. */
describe('a dead mail server', () => {
  it('stops no webhook, is asked now and then, and gets everything when it is back', async () => {
    await using world = await DeliveryWorld.create()
    await using mailbox = await Mailbox.start()
    await using proxy = await startProxy({ port: mailbox.port })
    proxy.stall()
    await using receiver = await Receiver.start()
    const mails = Array.from({ length: 40 }, (_, index) => ({
      userId: `user ${index}`,
      channel: 'EMAIL' as const,
      target: `user${index}@example.com`,
    }))
    const webhooks = mails.map(({ userId }) => ({ userId, channel: 'WEBHOOK' as const, target: receiver.url() }))
    const firedMails = await world.fire(...mails)
    await using worker = world.start({
      env: {
        SMTP_URL: `smtp://127.0.0.1:${proxy.port}`,
        SMTP_FROM: 'reminders@taskwire.example',
        DELIVERY_TIMEOUT_MS: '300',
      },
      settings: { breaker: { failures: 3, halfOpenAfterMs: 100 } },
    })
    // Its open breaker shows, and the few that found out have been tried once.
    await eventually(async () =>
      (await worker.metrics.registry.metrics()).includes('taskwire_delivery_breakers_open{channel="EMAIL"} 1'),
    )
    await world.fire(...webhooks)
    await eventually(async () => (await worker.tries('sent', 'WEBHOOK')) === webhooks.length)
    assert.equal(await worker.tries('sent', 'EMAIL'), 0)
    await eventually(async () => (await worker.tries('retried', 'EMAIL')) >= 8)
    const rows = await Promise.all(firedMails.map(({ eventId }) => world.delivery(eventId)))
    assert.ok(
      rows.filter(({ tries }) => tries === 0).length >= mails.length / 2,
      'most were never tried at the dead server',
    )

    await proxy.pass()
    await eventually(async () => (await worker.tries('sent', 'EMAIL')) === mails.length)
    // One that was taken a moment after its time was up comes twice, and is the same.
    const ids = mailbox.mails.map(({ source }) => /^Message-ID: (.*)$/m.exec(source)?.[1])
    assert.equal(new Set(ids).size, mails.length)
    const reminders = await Promise.all(firedMails.map(({ state }) => world.reminder(state.id)))
    assert.deepEqual(new Set(reminders.map((reminder) => reminder?.state)), new Set(['SENT']))
  })
})
