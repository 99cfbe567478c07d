import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { cancelReminder } from '../../src/commands/reminder.ts'
import { ensureWebhookSecrets, rotateWebhookSigningSecret } from '../../src/commands/webhook-secret.ts'
import { HeldCommand } from '../helpers/commands.ts'
import { DeliveryWorld } from '../helpers/delivery-world.ts'
import { eventually } from '../helpers/eventually.ts'
import { Mailbox, smtpError } from '../helpers/mailbox.ts'
import { Receiver, status } from '../helpers/receiver.ts'

/** What becomes of reminders that go outside, and what is told of it. */
describe('a reminder on its way', () => {
  let world: DeliveryWorld
  before(async () => {
    world = await DeliveryWorld.create()
  })
  after(() => world[Symbol.asyncDispose]())
  beforeEach(() => world.postgres.query('UPDATE clock SET shift_ms = 0'))

  const secretOf = (userId: string) =>
    world.commands.database.asNobody(async (tx) => (await ensureWebhookSecrets(tx, [userId])).get(userId)?.secret ?? '')

  it('is sent through its channel, as the user’s, and its event says what caused it', async () => {
    await using mailbox = await Mailbox.start()
    await using receiver = await Receiver.start()
    await using worker = world.start({
      env: {
        SMTP_URL: mailbox.url,
        SMTP_FROM: 'reminders@taskwire.example',
        SMS_URL: `http://${receiver.host}`,
        SMS_ACCOUNT_SID: 'AC1',
        SMS_AUTH_TOKEN: 'hunter2',
        SMS_FROM: '+4930123456',
      },
    })
    const fired = await world.fire(
      { channel: 'EMAIL', target: 'alice@example.com' },
      { channel: 'SMS', target: '+4915112345678' },
      { channel: 'CHAT', target: receiver.url('/chat') },
      { channel: 'WEBHOOK', target: receiver.url('/webhook') },
    )
    for (const { eventId, state, correlationId } of fired) {
      await world.ended(eventId, 'SENT')
      const { state: name, sent_at, error_message, retry_count } = (await world.reminder(state.id)) ?? {}
      assert.deepEqual([name, sent_at !== null, error_message, retry_count], ['SENT', true, null, 0])
      const event = await world.commands.lastEvent(state.id)
      assert.deepEqual(
        [event.type, event.actorid, event.causationid, event.correlationid, event.data.version],
        ['reminder.sent', 'system', eventId, correlationId, 3],
      )
    }
    assert.deepEqual(
      mailbox.mails.map(({ to }) => to),
      [['alice@example.com']],
    )
    const paths = receiver.received.map(({ path }) => path).toSorted()
    assert.deepEqual(paths, ['/2010-04-01/Accounts/AC1/Messages.json', '/chat', '/webhook'])
    const webhook = receiver.received.find(({ path }) => path === '/webhook')
    assert.ok(webhook)
    const payload = new Webhook(await secretOf('alice')).verify(webhook.body, { ...webhook.headers })
    const reminder = fired.find(({ state }) => state.channel === 'WEBHOOK')
    assert.equal(webhook.headers['webhook-id'], reminder?.eventId)
    assert.deepEqual(payload, {
      type: 'reminder.triggered',
      timestamp: reminder?.state.triggeredAt,
      data: reminder?.state,
    })
    assert.equal(await worker.tries('sent'), 4)
  })

  it('is tried again while it can pass, PENDING all the time, and tells how often', async () => {
    await using receiver = await Receiver.start({ answers: [status(500), status(429), status(204)] })
    await using worker = world.start()
    const [fired] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    await world.ended(fired.eventId, 'SENT')
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
    assert.deepEqual(await world.commands.eventTypes(fired.state.id), ['reminder.sent'])
    assert.equal((await world.reminder(fired.state.id))?.retry_count, 2)
    assert.equal(await worker.tries('retried'), 2)
  })

  it('waits as long as the receiver asks for', async () => {
    await using receiver = await Receiver.start({ answers: [status(429, { 'retry-after': '600' }), status(204)] })
    await using worker = world.start()
    const [fired] = await world.fire({ channel: 'CHAT', target: receiver.url() })
    assert.ok(fired)
    await eventually(async () => (await worker.tries('retried')) === 1)
    const { next_try_at: next, tries, lease_token, last_error } = await world.delivery(fired.eventId)
    assert.ok(Math.abs(next.getTime() - Date.now() - 600_000) < 10_000, next.toISOString())
    assert.deepEqual([tries, lease_token, last_error], [1, null, 'The chat answered with status 429.'])
    await world.postgres.query('UPDATE clock SET shift_ms = 601000')
    await world.ended(fired.eventId, 'SENT')
  })

  it('fails at once where it cannot pass: an event, and a notification in the app that this caused', async () => {
    await using receiver = await Receiver.start({ answers: [status(410)] })
    await using worker = world.start()
    const target = receiver.url('/services/top-secret?token=hidden')
    const [fired] = await world.fire({ userId: 'frank', channel: 'WEBHOOK', target, title: 'Pay the rent' })
    assert.ok(fired)
    await world.ended(fired.eventId, 'FAILED')
    assert.equal(receiver.received.length, 1)
    const reminder = await world.reminder(fired.state.id)
    assert.deepEqual(
      [reminder?.state, reminder?.sent_at, reminder?.error_message],
      ['FAILED', null, 'The receiver answered with status 410.'],
    )
    const event = await world.commands.lastEvent(fired.state.id)
    assert.deepEqual([event.type, event.actorid, event.causationid], ['reminder.failed', 'system', fired.eventId])
    const [told] = await world.postgres.query<{
      id: string
      message: string
      delivery_status: string
      task_id: string
    }>(`SELECT id, message, delivery_status, task_id FROM notifications WHERE user_id = 'frank'`)
    assert.ok(told)
    assert.deepEqual([told.delivery_status, told.task_id], ['FAILED', fired.state.task])
    assert.match(told.message, /WEBHOOK.*status 410.*Pay the rent/)
    const notified = await world.commands.lastEvent(told.id)
    assert.deepEqual([notified.type, notified.causationid], ['notification.created', event.id])
    for (const table of ['outbox', 'notifications', 'deliveries']) {
      const text = JSON.stringify(await world.postgres.query(`SELECT * FROM ${table}`))
      assert.doesNotMatch(text, /top-secret|hidden|whsec/, table)
    }
    assert.equal(await worker.tries('failed', 'WEBHOOK'), 1)
  })

  it('fails after the last try, and tells the last error', async () => {
    await using mailbox = await Mailbox.start({ onRcptTo: (_address, _session, done) => done(smtpError(451)) })
    await using worker = world.start({
      env: { SMTP_URL: mailbox.url, SMTP_FROM: 'reminders@taskwire.example', DELIVERY_MAX_TRIES: '3' },
    })
    const [fired] = await world.fire({ channel: 'EMAIL', target: 'gray@example.com' })
    assert.ok(fired)
    const { tries } = await world.ended(fired.eventId, 'FAILED')
    assert.equal(tries, 3)
    const reminder = await world.reminder(fired.state.id)
    assert.deepEqual([reminder?.error_message, reminder?.retry_count], ['The mail server refused the mail (451).', 2])
    assert.deepEqual([await worker.tries('retried'), await worker.tries('failed')], [2, 1])
  })

  it('fails in the end where its channel is not there any more', async () => {
    await using _worker = world.start({ env: { DELIVERY_MAX_TRIES: '2', WEBHOOKS: 'false' } })
    const fired = await world.fire(
      { channel: 'EMAIL', target: 'alice@example.com' },
      { channel: 'WEBHOOK', target: 'https://receiver.example/' },
    )
    for (const { eventId } of fired)
      assert.equal((await world.ended(eventId, 'FAILED')).last_error, 'The channel is not available any more.')
  })

  it('is not sent once it is cancelled, be that before it is looked at or while somebody looks', async () => {
    await using receiver = await Receiver.start()
    const [before, later] = await world.fire(
      { channel: 'WEBHOOK', target: receiver.url('/before') },
      { channel: 'WEBHOOK', target: receiver.url('/later') },
    )
    assert.ok(before && later)
    await world.commands.run('alice', cancelReminder, { id: before.state.id })
    // While it is being cancelled, it is passed over: whether it is to be sent is decided by that.
    const held = new HeldCommand(cancelReminder.prepare({ id: later.state.id }))
    const cancelling = world.commands.run('alice', held.command, {})
    await held.executed
    await using worker = world.start()
    await world.ended(before.eventId, 'DROPPED')
    held.release()
    await cancelling
    await world.ended(later.eventId, 'DROPPED')
    assert.deepEqual(receiver.received, [])
    assert.equal(await worker.tries('dropped'), 2)
    assert.deepEqual(await world.commands.eventTypes(before.state.id), ['reminder.cancelled'])
  })

  it('stays cancelled where that comes when it is on its way already', async () => {
    let answer: () => void = () => undefined
    await using receiver = await Receiver.start({
      answers: [
        (response) => {
          answer = () => response.writeHead(500).end()
        },
      ],
    })
    await using worker = world.start()
    const [fired] = await world.fire({ channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    await eventually(() => receiver.received.length === 1)
    await world.commands.run('alice', cancelReminder, { id: fired.state.id })
    answer()
    await eventually(async () => (await worker.tries('retried')) === 1)
    await world.ended(fired.eventId, 'DROPPED')
    assert.equal((await world.reminder(fired.state.id))?.state, 'CANCELLED')
    assert.deepEqual(await world.commands.eventTypes(fired.state.id), ['reminder.cancelled'])
    assert.equal(receiver.received.length, 1)
  })

  it('is signed with both secrets while a rotated one holds', async () => {
    await using receiver = await Receiver.start()
    await using _worker = world.start()
    const old = await secretOf('grace')
    await world.commands.run('grace', rotateWebhookSigningSecret, {})
    const [fired] = await world.fire({ userId: 'grace', channel: 'WEBHOOK', target: receiver.url() })
    assert.ok(fired)
    await world.ended(fired.eventId, 'SENT')
    const [received] = receiver.received
    assert.ok(received)
    for (const secret of [old, await secretOf('grace')])
      assert.ok(new Webhook(secret).verify(received.body, { ...received.headers }))
  })
})
