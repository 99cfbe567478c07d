import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Command } from '../../src/commands/command.ts'
import {
  type CreateReminderInput,
  cancelReminder,
  createReminder,
  retryReminder,
  snoozeReminder,
  updateReminder,
} from '../../src/commands/reminder.ts'
import { completeTask, createTask, deleteTask, purgeTask, reopenTask, updateTask } from '../../src/commands/task.ts'
import { MAX_PENDING_A_TASK } from '../../src/domain/reminder-input.ts'
import { CHANNELS, type ReminderChannel } from '../../src/domain/reminder-state.ts'
import type { TargetInput } from '../../src/domain/reminder-target.ts'
import { badPaths, CommandWorld, rejection } from '../helpers/commands.ts'
import { type ReminderRecord, remindersOf } from '../helpers/reminders.ts'

const user = 'alice'
const HOUR = 60 * 60 * 1000
let world: CommandWorld
let withoutChannels: CommandWorld

before(async () => {
  const available = { channels: new Set(CHANNELS), plainHttpHosts: new Set(['localhost:9', 'hooks.internal']) }
  world = await CommandWorld.create({ available })
  withoutChannels = await CommandWorld.create()
})
after(async () => {
  await world[Symbol.asyncDispose]()
  await withoutChannels[Symbol.asyncDispose]()
})

const hence = (hours: number) => new Date(Date.now() + hours * HOUR)

async function task(input: object = {}, in_ = world): Promise<string> {
  return (await in_.run(user, createTask, { title: 'Water the plants', ...input })).taskId
}

async function made(input: Partial<CreateReminderInput> = {}): Promise<{ id: string; taskId: string }> {
  const taskId = input.taskId ?? (await task())
  const { reminderId } = await world.run(user, createReminder, { taskId, remindAt: hence(1), ...input })
  return { id: reminderId, taskId }
}

async function read(id: string, in_ = world): Promise<ReminderRecord> {
  const [row] = await in_.postgres.query<ReminderRecord>('SELECT * FROM reminders WHERE id = $1', [id])
  assert.ok(row)
  return row
}

/** What firing and delivery leave behind. */
const leave = (id: string, state: 'being delivered' | 'SENT' | 'FAILED') =>
  world.postgres.query(
    {
      'being delivered': `UPDATE reminders SET triggered_at = now(), message = 'Reminder' WHERE id = $1`,
      SENT: `UPDATE reminders SET triggered_at = now(), message = 'Reminder', state = 'SENT', sent_at = now() WHERE id = $1`,
      FAILED: `UPDATE reminders SET triggered_at = now(), message = 'Reminder', state = 'FAILED', error_message = 'x'
               WHERE id = $1`,
    }[state],
    [id],
  )

const refuses = (running: Promise<unknown>) => rejection(running, 'INVALID_TRANSITION')

describe('making a reminder', () => {
  it('writes it with its event, and its id as one that is taken', async () => {
    const [id, dueDate, remindAt] = [randomUUID(), hence(24), hence(2)]
    const taskId = await task({ dueDate, reminderLeadTime: null })
    const { reminderId, eventId } = await world.run(user, createReminder, { id, taskId, remindAt })
    const event = await world.lastEvent(id)
    assert.deepEqual(
      [reminderId, event.id, event.type, event.causationid],
      [id, eventId, 'reminder.scheduled', undefined],
    )
    assert.partialDeepStrictEqual(event.data.state, { task: taskId, automatic: false, channel: 'IN_APP', target: null })
    const { remind_at, due_at } = await read(id)
    assert.deepEqual([remind_at, due_at], [remindAt, dueDate])
    await rejection(world.run(user, createReminder, { id, taskId, remindAt }), 'ALREADY_EXISTS')
    await rejection(world.run(user, createReminder, { id: taskId, taskId, remindAt }), 'ALREADY_EXISTS')
  })

  it('is safe to be sent again with its key', async () => {
    const input = { taskId: await task(), remindAt: hence(1), idempotencyKey: randomUUID() }
    const first = await world.run(user, createReminder, input)
    assert.deepEqual(await world.run(user, createReminder, input), first)
    assert.equal((await remindersOf(world.postgres, input.taskId)).length, 1)
  })

  it('takes a time in the future only', async () => {
    const taskId = await task()
    for (const remindAt of [hence(-1), new Date(Date.now() - 1)])
      assert.deepEqual(await badPaths(world.run(user, createReminder, { taskId, remindAt })), ['input.remindAt'])
  })

  it('wants a task of the user’s that is neither completed nor in the trash', async () => {
    const create = (taskId: string, by = user) => world.run(by, createReminder, { taskId, remindAt: hence(1) })
    const taskId = await task()
    await rejection(create(taskId, 'mallory'), 'NOT_FOUND')
    await rejection(create(randomUUID()), 'NOT_FOUND')
    await rejection(create('no id'), 'NOT_FOUND')
    await world.run(user, completeTask, { id: taskId })
    await refuses(create(taskId))
    await world.run(user, reopenTask, { id: taskId })
    await world.run(user, deleteTask, { id: taskId })
    await refuses(create(taskId))
  })

  it(`makes at most ${MAX_PENDING_A_TASK} of a task, however many ask at once`, async () => {
    const taskId = await task()
    const create = () => world.run(user, createReminder, { taskId, remindAt: hence(1) })
    const answers = await Promise.allSettled(Array.from({ length: MAX_PENDING_A_TASK + 3 }, create))
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, MAX_PENDING_A_TASK)
    await rejection(create(), 'LIMIT_EXCEEDED')
    const [first] = await remindersOf(world.postgres, taskId)
    await world.run(user, cancelReminder, { id: String(first?.id) })
    await create()
  })
})

describe('channels and targets', () => {
  const fit: readonly (readonly [ReminderChannel, TargetInput, unknown])[] = [
    ['EMAIL', { address: 'alice@example.com' }, { address: 'alice@example.com' }],
    ['SMS', { phoneNumber: '+491701234567' }, { phoneNumber: '+491701234567' }],
    ['CHAT', { url: 'https://chat.example.com/hooks/secret?token=1' }, { url: 'https://chat.example.com' }],
    ['WEBHOOK', { url: 'https://example.com:8443/in' }, { url: 'https://example.com:8443' }],
    ['WEBHOOK', { url: 'http://localhost:9/in' }, { url: 'http://localhost:9' }],
    ['CHAT', { url: 'http://hooks.internal:7/in' }, { url: 'http://hooks.internal:7' }],
  ]
  for (const [channel, target, told] of fit)
    it(`${channel} takes ${JSON.stringify(target)}, and events tell no secret of it`, async () => {
      const { id } = await made({ channel, target })
      assert.equal((await read(id)).target, Object.values(target)[0])
      const { state } = (await world.lastEvent(id)).data
      assert.deepEqual(state.target, told)
      assert.doesNotMatch(JSON.stringify(state), /secret|token/)
    })

  const unfit: readonly (readonly [ReminderChannel, TargetInput | null, string])[] = [
    ['IN_APP', { address: 'alice@example.com' }, 'input.target'],
    ['EMAIL', null, 'input.target.address'],
    ['EMAIL', { phoneNumber: '+491701234567' }, 'input.target.address'],
    ['EMAIL', { address: 'alice' }, 'input.target.address'],
    ['EMAIL', { address: 'alice@example.com\r\nBcc: bob@example.com' }, 'input.target.address'],
    ['EMAIL', { address: `${'a'.repeat(250)}@example.com` }, 'input.target.address'],
    ['SMS', { phoneNumber: '0170 1234567' }, 'input.target.phoneNumber'],
    ['SMS', { phoneNumber: '+4917012345678901' }, 'input.target.phoneNumber'],
    ['SMS', { phoneNumber: '+0170123456' }, 'input.target.phoneNumber'],
    ['WEBHOOK', { url: 'http://example.com/in' }, 'input.target.url'],
    ['WEBHOOK', { url: 'http://localhost:10/in' }, 'input.target.url'],
    ['WEBHOOK', { url: 'https://user:password@example.com/in' }, 'input.target.url'],
    ['CHAT', { url: 'file:///etc/passwd' }, 'input.target.url'],
    ['CHAT', { url: 'example.com' }, 'input.target.url'],
    ['CHAT', { url: `https://example.com/${'x'.repeat(2_048)}` }, 'input.target.url'],
  ]
  for (const [channel, target, path] of unfit)
    it(`${channel} does not take ${JSON.stringify(target).slice(0, 60)}`, async () => {
      const input = { taskId: await task(), remindAt: hence(1), channel, target }
      assert.deepEqual(await badPaths(world.run(user, createReminder, input)), [path])
    })

  it('a channel that is not configured is CHANNEL_UNAVAILABLE, through whichever mutation', async () => {
    const taskId = await task({}, withoutChannels)
    const [channel, target] = ['EMAIL', { address: 'alice@example.com' }] as const
    const run = <Input extends object, Outcome extends object>(command: Command<Input, Outcome>, input: Input) =>
      withoutChannels.run(user, command, input)
    await rejection(run(createReminder, { taskId, remindAt: hence(1), channel, target }), 'CHANNEL_UNAVAILABLE')
    const { reminderId: id } = await run(createReminder, { taskId, remindAt: hence(1) })
    await rejection(run(updateReminder, { id, channel, target }), 'CHANNEL_UNAVAILABLE')
    await withoutChannels.postgres.query(
      `UPDATE reminders SET channel = 'EMAIL', target = 'a@example.com', state = 'FAILED' WHERE id = $1`,
      [id],
    )
    await rejection(run(retryReminder, { id }), 'CHANNEL_UNAVAILABLE')
    await rejection(run(snoozeReminder, { id, until: hence(2) }), 'CHANNEL_UNAVAILABLE')
  })
})

describe('changing a reminder', () => {
  it('changes what is given, and nothing where that is what it is', async () => {
    const { id } = await made()
    const remindAt = hence(3)
    const { eventId } = await world.run(user, updateReminder, { id, remindAt })
    const event = await world.lastEvent(id)
    assert.deepEqual(
      [event.id, event.type, event.data.changes.map(({ field }) => field)],
      [eventId, 'reminder.updated', ['remindAt']],
    )
    assert.equal((await world.run(user, updateReminder, { id, remindAt })).eventId, null)
    assert.equal((await world.run(user, updateReminder, { id })).eventId, null)
  })

  it('takes another channel with its target, and keeps a target that fits', async () => {
    const { id } = await made()
    assert.deepEqual(await badPaths(world.run(user, updateReminder, { id, channel: 'CHAT' })), ['input.target.url'])
    await world.run(user, updateReminder, { id, channel: 'CHAT', target: { url: 'https://example.com/a' } })
    await world.run(user, updateReminder, { id, channel: 'WEBHOOK' })
    await world.run(user, updateReminder, { id, target: { url: 'https://example.com/b' } })
    const { channel, target } = await read(id)
    assert.deepEqual([channel, target], ['WEBHOOK', 'https://example.com/b'])
    assert.deepEqual(await badPaths(world.run(user, updateReminder, { id, target: { address: 'a@example.com' } })), [
      'input.target.url',
    ])
    await world.run(user, updateReminder, { id, channel: 'IN_APP' })
    assert.equal((await read(id)).target, null)
  })

  it('takes neither null nor a time in the past', async () => {
    const { id } = await made()
    const update = (input: object) => badPaths(world.run(user, updateReminder, { id, ...input }))
    assert.deepEqual(await update({ remindAt: null }), ['input.remindAt'])
    assert.deepEqual(await update({ channel: null }), ['input.channel'])
    assert.deepEqual(await update({ remindAt: hence(-1) }), ['input.remindAt'])
  })

  it('of its time makes an automatic one the user’s own, which another one can follow', async () => {
    const taskId = await task({ dueDate: hence(24) })
    const [automatic] = await remindersOf(world.postgres, taskId)
    const id = String(automatic?.id)
    await world.run(user, updateReminder, { id, channel: 'EMAIL', target: { address: 'a@example.com' } })
    assert.equal((await read(id)).automatic, true)
    const remindAt = hence(2)
    await world.run(user, updateReminder, { id, remindAt })
    assert.equal((await read(id)).automatic, false)
    await world.run(user, updateTask, { id: taskId, dueDate: hence(48) })
    const [own, made_] = await remindersOf(world.postgres, taskId)
    assert.deepEqual([own?.remind_at, made_?.automatic, made_?.channel], [remindAt, true, 'IN_APP'])
  })
})

describe('where a reminder stands decides what can be done with it', () => {
  const actions = {
    updateReminder: (id: string) => world.run(user, updateReminder, { id, remindAt: hence(5) }),
    cancelReminder: (id: string) => world.run(user, cancelReminder, { id }),
    retryReminder: (id: string) => world.run(user, retryReminder, { id }),
    snoozeReminder: (id: string) => world.run(user, snoozeReminder, { id, until: hence(5) }),
  }
  const may: Readonly<Record<string, readonly (keyof typeof actions)[]>> = {
    waiting: ['updateReminder', 'cancelReminder', 'snoozeReminder'],
    'being delivered': ['cancelReminder', 'snoozeReminder'],
    SENT: ['snoozeReminder'],
    CANCELLED: ['cancelReminder', 'snoozeReminder'],
    FAILED: ['retryReminder', 'snoozeReminder'],
  }
  for (const [state, allowed] of Object.entries(may))
    it(`${state}: ${allowed.join(', ')}`, async () => {
      for (const [name, act] of Object.entries(actions)) {
        const { id } = await made()
        if (state === 'CANCELLED') await world.run(user, cancelReminder, { id })
        else if (state !== 'waiting') await leave(id, state as 'SENT')
        if (allowed.includes(name as keyof typeof actions)) await act(id)
        else await refuses(act(id))
      }
    })

  it('cancelled once more it stays as it is', async () => {
    const { id } = await made()
    await world.run(user, cancelReminder, { id, expectedVersion: 1 })
    assert.equal((await world.run(user, cancelReminder, { id })).eventId, null)
    assert.equal((await read(id)).version, 2)
  })

  it('another version than expected is a conflict, and somebody else’s is none', async () => {
    const { id } = await made()
    for (const [name, act] of Object.entries({
      updateReminder: () => world.run(user, updateReminder, { id, expectedVersion: 2, remindAt: hence(5) }),
      cancelReminder: () => world.run(user, cancelReminder, { id, expectedVersion: 2 }),
      retryReminder: () => world.run(user, retryReminder, { id, expectedVersion: 2 }),
    }))
      assert.deepEqual(await rejection(act(), 'VERSION_CONFLICT'), { currentVersion: 1 }, name)
    await rejection(world.run('mallory', updateReminder, { id, remindAt: hence(5) }), 'NOT_FOUND')
    await rejection(world.run('mallory', cancelReminder, { id }), 'NOT_FOUND')
    await rejection(world.run('mallory', retryReminder, { id }), 'NOT_FOUND')
    await rejection(world.run('mallory', snoozeReminder, { id, until: hence(5) }), 'NOT_FOUND')
  })
})

describe('retrying', () => {
  it('takes it back to waiting, and due', async () => {
    const { id } = await made()
    await leave(id, 'FAILED')
    await world.run(user, retryReminder, { id })
    const { state, triggered_at, error_message, retry_count } = await read(id)
    assert.deepEqual([state, triggered_at, error_message, retry_count], ['PENDING', null, null, 1])
    assert.equal((await world.lastEvent(id)).type, 'reminder.retried')
  })

  it('is refused where the task is not open, and where another automatic one has come', async () => {
    const taskId = await task({ dueDate: hence(24) })
    const [automatic] = await remindersOf(world.postgres, taskId)
    const id = String(automatic?.id)
    await leave(id, 'FAILED')
    await world.run(user, completeTask, { id: taskId })
    await refuses(world.run(user, retryReminder, { id }))
    await world.run(user, reopenTask, { id: taskId })
    await refuses(world.run(user, retryReminder, { id }))
  })
})

describe('snoozing', () => {
  it('makes a new one like it and cancels it, in this order of events', async () => {
    const target = { url: 'https://example.com/secret' }
    const { id, taskId } = await made({ channel: 'CHAT', target })
    const from = (await world.events()).length
    const until = hence(6)
    const { reminderId, eventId } = await world.run(user, snoozeReminder, { id, until })
    assert.deepEqual(
      (await world.events()).slice(from).map(({ type, subject }) => [type, subject]),
      [
        ['reminder.cancelled', id],
        ['reminder.scheduled', reminderId],
      ],
    )
    assert.equal((await world.lastEvent(reminderId)).id, eventId)
    const snoozed = await read(reminderId)
    assert.deepEqual([snoozed.remind_at, snoozed.channel, snoozed.target], [until, 'CHAT', target.url])
    assert.deepEqual([snoozed.task_id, snoozed.automatic, snoozed.state], [taskId, false, 'PENDING'])
  })

  it('leaves one that was sent as it is', async () => {
    const { id } = await made()
    await leave(id, 'SENT')
    await world.run(user, snoozeReminder, { id, until: hence(6) })
    assert.equal((await read(id)).state, 'SENT')
  })

  it('wants an open task and a time in the future', async () => {
    const { id, taskId } = await made()
    assert.deepEqual(await badPaths(world.run(user, snoozeReminder, { id, until: hence(-1) })), ['input.until'])
    await world.run(user, deleteTask, { id: taskId })
    await refuses(world.run(user, snoozeReminder, { id, until: hence(6) }))
    await world.run(user, purgeTask, { id: taskId })
    await refuses(world.run(user, snoozeReminder, { id, until: hence(6) }))
  })
})
