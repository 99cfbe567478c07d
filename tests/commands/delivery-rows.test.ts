import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { insertDeliveries } from '../../src/commands/delivery-rows.ts'
import { CommandWorld } from '../helpers/commands.ts'
import { fireReminders } from '../helpers/fired-reminders.ts'

describe('reminders that are put on their way', () => {
  let world: CommandWorld
  before(async () => {
    world = await CommandWorld.create({ role: 'taskwire_worker' })
  })
  after(() => world[Symbol.asyncDispose]())

  it('are one statement, of many users and channels, each with the id of its event, and without those in the app', async () => {
    const fired = await fireReminders(world.postgres, world.database, [
      { userId: 'alice', channel: 'EMAIL', target: 'alice@example.com' },
      { userId: 'bob', channel: 'WEBHOOK', target: 'https://Bob.example:8443/hook?token=secret' },
      { userId: 'bob', channel: 'CHAT', target: 'https://hooks.slack.com/services/T0/B0/secret' },
      { userId: 'bob', channel: 'IN_APP', target: null },
      { userId: 'carol', channel: 'SMS', target: '+4915112345678' },
    ])
    const rows = await world.postgres.query(
      `SELECT id, user_id, reminder_id, channel, receiver, content->>'message' AS message, correlation_id, tries, outcome
       FROM deliveries WHERE next_try_at = created_at AND lease_token IS NULL ORDER BY id`,
    )
    const receivers = [null, 'bob.example:8443', 'hooks.slack.com', undefined, null]
    assert.deepEqual(
      rows,
      fired.flatMap(({ eventId, userId, correlationId, state }, index) =>
        receivers[index] === undefined
          ? []
          : [
              {
                id: eventId,
                user_id: userId,
                reminder_id: state.id,
                channel: state.channel,
                receiver: receivers[index],
                message: state.message,
                correlation_id: correlationId,
                tries: 0,
                outcome: null,
              },
            ],
      ),
    )
    const text = JSON.stringify(await world.postgres.query('SELECT * FROM deliveries'))
    assert.doesNotMatch(text, /secret/, 'the reminder alone has the whole URL')

    world.statements.length = 0
    await world.database.asNobody((tx) =>
      insertDeliveries(
        tx,
        fired.filter(({ target }) => target === null),
      ),
    )
    assert.deepEqual(world.statements, [])
  })
})
