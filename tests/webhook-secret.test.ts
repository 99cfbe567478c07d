import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { ensureWebhookSecrets } from '../src/commands/webhook-secret.ts'
import { signingSecrets } from '../src/domain/webhook-secret.ts'
import { createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld } from './helpers/graphql.ts'

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const POOL_SIZE = 2
const world = new GraphqlWorld(database, 'taskwire_app', POOL_SIZE)
const worker = database.open('taskwire_worker')

const HOUR = 60 * 60 * 1000

async function secretOf(userId: string): Promise<string> {
  const { viewer } = await world.data(userId, '{ viewer { webhookSigningSecret } }')
  return viewer.webhookSigningSecret
}

async function rotate(userId: string): Promise<string> {
  const data = await world.data(userId, 'mutation { rotateWebhookSigningSecret { id webhookSigningSecret } }')
  assert.equal(data.rotateWebhookSigningSecret.id, userId)
  return data.rotateWebhookSigningSecret.webhookSigningSecret
}

/** What the user's webhooks are signed with now. */
const signing = (userId: string) =>
  worker.asNobody(async (tx) => {
    const secrets = (await ensureWebhookSecrets(tx, [userId])).get(userId)
    return secrets && signingSecrets(secrets, tx.now)
  })

test('a secret is made when it is first asked for, of its user alone, and stays', async () => {
  const alice = await secretOf('alice')
  assert.match(alice, /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.ok(new Webhook(alice))
  assert.equal(await secretOf('alice'), alice)
  assert.notEqual(await secretOf('bob'), alice)
  assert.deepEqual(await signing('alice'), [alice])
})

test('it is made when it is first needed, too, for many users at once', async () => {
  const users = Array.from({ length: 50 }, (_, index) => `needed ${index % 25}`)
  const made = await Promise.all(
    [users, users.toReversed()].map((each) => worker.asNobody((tx) => ensureWebhookSecrets(tx, each))),
  )
  assert.deepEqual(new Set(made[0]?.keys()), new Set(users))
  assert.deepEqual(new Map([...(made[0] ?? [])].toSorted()), new Map([...(made[1] ?? [])].toSorted()))
  assert.equal(await secretOf('needed 7'), made[0]?.get('needed 7')?.secret)
})

test('whoever asks first, everybody gets the same one, however few connections there are', async () => {
  // Each holds its snapshot while it waits for the secret: they are more than the pool has connections.
  const asked = await Promise.all(
    Array.from({ length: 10 * POOL_SIZE }, () =>
      world.data('crowd', '{ tasks { totalCount } viewer { unreadNotificationCount webhookSigningSecret } }'),
    ),
  )
  assert.equal(new Set(asked.map(({ viewer }) => viewer.webhookSigningSecret)).size, 1)
})

test('a secret that was rotated goes on for 24 hours beside the new one, however often it is rotated', async (t) => {
  t.after(() => database.query('UPDATE clock SET shift_ms = 0'))
  const first = await secretOf('carol')
  const second = await rotate('carol')
  assert.notEqual(second, first)
  assert.equal(await secretOf('carol'), second)
  assert.deepEqual(await signing('carol'), [second, first])

  await database.query('UPDATE clock SET shift_ms = $1', [12 * HOUR])
  const third = await rotate('carol')
  assert.deepEqual(await signing('carol'), [third, second, first])
  await database.query('UPDATE clock SET shift_ms = $1', [24 * HOUR + 1_000])
  assert.deepEqual(await signing('carol'), [third, second])
  await database.query('UPDATE clock SET shift_ms = $1', [36 * HOUR + 1_000])
  assert.deepEqual(await signing('carol'), [third])
})

test('rotations at once follow one another, and the signatures stay few', async () => {
  const first = await secretOf('dave')
  await Promise.all(Array.from({ length: 3 }, () => rotate('dave')))
  const secrets = await signing('dave')
  assert.deepEqual([new Set(secrets).size, secrets?.at(-1)], [4, first])
  await rotate('dave')
  assert.equal((await signing('dave'))?.length, 4)
})

test('nobody sees it but its user, and it stands in no event', async () => {
  const secret = await secretOf('erin')
  await rotate('erin')
  const { data, errors } = await world.execute(undefined, 'mutation { rotateWebhookSigningSecret { id } }')
  assert.deepEqual([data.rotateWebhookSigningSecret, errors[0]?.extensions.code], [null, 'UNAUTHENTICATED'])
  const app = database.open('taskwire_app')
  const seen = await app.asUser('mallory', ({ db }) => db.selectFrom('webhook_secrets').selectAll().execute())
  assert.deepEqual(seen, [])
  const [outbox] = await database.query<{ count: string }>('SELECT count(*) FROM outbox WHERE event::text LIKE $1', [
    `%${secret}%`,
  ])
  assert.equal(Number(outbox?.count), 0)
})
