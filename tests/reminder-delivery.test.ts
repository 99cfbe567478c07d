import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { TaskwireClient } from '../dev/client.ts'
import { eventually } from './helpers/eventually.ts'
import { Mailbox } from './helpers/mailbox.ts'
import { Receiver, status } from './helpers/receiver.ts'
import { startTaskwire, type TestTaskwire } from './helpers/taskwire.ts'

const DAY = 24 * 60 * 60 * 1000

interface Reminder {
  readonly id: string
  readonly state: string
  readonly channel: string
  readonly sentAt: string | null
  readonly errorMessage: string | null
}

/** From a mutation to what a receiver gets, through the whole program. */
describe('a reminder that goes outside', () => {
  let taskwire: TestTaskwire
  let mailbox: Mailbox
  let alice: TaskwireClient
  before(async () => {
    mailbox = await Mailbox.start()
    taskwire = await startTaskwire({
      SMTP_URL: mailbox.url,
      SMTP_FROM: 'Taskwire <reminders@taskwire.example>',
      WEBHOOK_ALLOWED_HOSTS: '127.0.0.1,localhost',
    })
    alice = await taskwire.client('alice')
  })
  after(async () => {
    await taskwire[Symbol.asyncDispose]()
    await mailbox[Symbol.asyncDispose]()
  })

  /** A task that is due tomorrow, with a reminder that comes in an hour unless the clock is moved. */
  async function remind(channel: string, target: object, title = 'Buy milk'): Promise<{ taskId: string; id: string }> {
    const shift = await shiftOf()
    const dueDate = new Date(Date.now() + shift + DAY).toISOString()
    const task = await alice.request<{ createTask: { task: { id: string } } }>(
      'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }',
      { input: { title, dueDate, reminderLeadTime: null } },
    )
    const taskId = task.createTask.task.id
    const remindAt = new Date(Date.now() + shift + DAY / 24).toISOString()
    const made = await alice.request<{ createReminder: { reminder: { id: string } } }>(
      'mutation ($input: CreateReminderInput!) { createReminder(input: $input) { reminder { id } } }',
      { input: { taskId, remindAt, channel, target } },
    )
    return { taskId, id: made.createReminder.reminder.id }
  }

  async function shiftOf(): Promise<number> {
    const [row] = await taskwire.postgres.query<{ shift_ms: string }>('SELECT shift_ms FROM clock')
    return Number(row?.shift_ms)
  }

  /** Two hours later. */
  const wait = () => taskwire.postgres.query('UPDATE clock SET shift_ms = shift_ms + 7200000')

  const inState = (id: string, state: string) =>
    eventually(async () => {
      const { reminder } = await alice.request<{ reminder: Reminder }>(
        'query ($id: ID!) { reminder(id: $id) { id state channel sentAt errorMessage } }',
        { id },
      )
      return reminder.state === state ? reminder : undefined
    })

  it('arrives where it is to, and its trail says who did what because of what', async () => {
    await using receiver = await Receiver.start()
    const mail = await remind('EMAIL', { address: 'alice@example.com' }, 'Call Bob & <Eve>')
    const webhook = await remind('WEBHOOK', { url: receiver.url() })
    await wait()
    await inState(mail.id, 'SENT')
    assert.match(mailbox.mails[0]?.source ?? '', /^Subject: Reminder: Call Bob & <Eve>$/m)
    assert.ok((await inState(webhook.id, 'SENT')).sentAt)

    const { viewer } = await alice.request<{ viewer: { webhookSigningSecret: string } }>(
      '{ viewer { webhookSigningSecret } }',
    )
    const [received] = receiver.received
    assert.ok(received)
    const payload = new Webhook(viewer.webhookSigningSecret).verify(received.body, { ...received.headers })
    const { data } = payload as { data: { id: string; task: string; taskTitle: string; message: string } }
    assert.deepEqual([data.id, data.task, data.taskTitle], [webhook.id, webhook.taskId, 'Buy milk'])

    interface Entry {
      readonly eventId: string
      readonly eventType: string
      readonly actorId: string
      readonly causationId: string | null
    }
    const [scheduled, triggered, sent] = await eventually(async () => {
      const { auditEntries } = await alice.request<{ auditEntries: { nodes: Entry[] } }>(
        `query ($id: ID!) { auditEntries(filter: { entityId: $id }) { nodes { eventId eventType actorId causationId } } }`,
        { id: webhook.id },
      )
      return auditEntries.nodes.length === 3 ? auditEntries.nodes.toReversed() : undefined
    })
    assert.deepEqual(
      [scheduled, triggered, sent].map((entry) => [entry?.eventType, entry?.actorId]),
      [
        ['reminder.scheduled', 'alice'],
        ['reminder.triggered', 'system'],
        ['reminder.sent', 'system'],
      ],
    )
    assert.deepEqual([triggered?.causationId, sent?.causationId], [scheduled?.eventId, triggered?.eventId])
    assert.equal(received.headers['webhook-id'], triggered?.eventId)
  })

  it('that failed is sent once more when its user asks for it', async () => {
    await using receiver = await Receiver.start({ answers: [status(403), status(204)] })
    const { id } = await remind('CHAT', { url: receiver.url('/hooks/secret') })
    await wait()
    assert.equal((await inState(id, 'FAILED')).errorMessage, 'The chat answered with status 403.')
    await alice.request('mutation ($id: ID!) { retryReminder(input: { id: $id }) { eventId } }', { id })
    assert.equal((await inState(id, 'SENT')).errorMessage, null)
    assert.equal(receiver.received.length, 2)
  })

  it('of a task that is completed before is not sent', async () => {
    await using receiver = await Receiver.start()
    const { id, taskId } = await remind('WEBHOOK', { url: receiver.url() })
    const other = await remind('WEBHOOK', { url: receiver.url('/other') })
    await alice.request('mutation ($id: ID!) { completeTask(input: { id: $id }) { eventId } }', { id: taskId })
    await wait()
    await inState(other.id, 'SENT')
    await inState(id, 'CANCELLED')
    assert.deepEqual(
      receiver.received.map(({ path }) => path),
      ['/other'],
    )
  })

  it('cannot be made for a channel that is not configured', async () => {
    const { taskId } = await remind('EMAIL', { address: 'alice@example.com' })
    const remindAt = new Date(Date.now() + (await shiftOf()) + DAY / 2).toISOString()
    const input = { taskId, remindAt, channel: 'SMS', target: { phoneNumber: '+4915112345678' } }
    const document = 'mutation ($input: CreateReminderInput!) { createReminder(input: $input) { eventId } }'
    const { errors } = await alice.send(document, { input })
    assert.equal(errors?.[0]?.extensions?.code, 'CHANNEL_UNAVAILABLE')
  })
})
