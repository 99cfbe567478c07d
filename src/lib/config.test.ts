import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, loadConfig } from './config.ts'

const complete = {
  DATABASE_URL: 'postgres://taskwire:secret@db.example.com/taskwire',
  NATS_URL: 'nats://one:4222, nats://two:4222',
  AUTH_SECRET: 'a secret of thirty-two characters',
}

const problems = (env: Record<string, string | undefined>): readonly string[] => {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    for (const problem of error.problems) assert.ok(error.message.includes(problem))
    return error.problems
  }
}

test('three variables are enough', () => {
  const config = loadConfig(complete)
  assert.deepEqual(config.nats.servers, ['nats://one:4222', 'nats://two:4222'])
  assert.equal(config.http.port, 4000)
  assert.equal(config.http.publicUrl, 'http://localhost:4000')
  assert.equal(config.role, 'all')
  assert.equal(config.database.migrationUrl, complete.DATABASE_URL)
  assert.equal(config.cursorSecret, complete.AUTH_SECRET)
})

test('production is the default, and keeps GraphiQL and introspection closed unless they are switched on', () => {
  const { environment, http } = loadConfig(complete)
  assert.deepEqual([environment, http.graphiql, http.introspection], ['production', false, false])
  const open = loadConfig({ ...complete, GRAPHIQL: 'true', INTROSPECTION: '1' }).http
  assert.deepEqual([open.graphiql, open.introspection], [true, true])
  const development = loadConfig({ ...complete, NODE_ENV: 'development' }).http
  assert.deepEqual([development.graphiql, development.introspection], [true, true])
})

test('all problems are listed at once, of single variables and between them', () => {
  const found = problems({
    NATS_URL: 'http://nats',
    PORT: '70000',
    DATABASE_POOL_SIZE: 'many',
    LOG_LEVEL: 'loud',
    NATS_USER: 'alone',
    AUTH_ALGORITHMS: 'none',
    PUBLIC_URL: 'tasks.example.com',
  })
  assert.deepEqual(
    new Set(found.map((problem) => problem.split(':')[0])),
    new Set([
      'AUTH_ALGORITHMS',
      'AUTH_SECRET',
      'DATABASE_POOL_SIZE',
      'DATABASE_URL',
      'LOG_LEVEL',
      'NATS_URL',
      'NATS_USER',
      'PORT',
      'PUBLIC_URL',
    ]),
  )
  assert.ok(found.includes('DATABASE_URL: must be set'))
  assert.ok(found.includes('PORT: must be a whole number from 0 to 65535'))
})

test('what a user may have open is bounded, and can be raised', () => {
  const { socketsPerUser, subscriptionsPerUser, operationsPerSocket } = loadConfig(complete).limits
  assert.deepEqual([socketsPerUser, subscriptionsPerUser, operationsPerSocket], [100, 200, 100])
  const raised = { MAX_SOCKETS_PER_USER: '5000', MAX_SUBSCRIPTIONS_PER_USER: '5000', MAX_OPERATIONS_PER_SOCKET: '7' }
  const { limits } = loadConfig({ ...complete, ...raised })
  assert.deepEqual([limits.socketsPerUser, limits.subscriptionsPerUser, limits.operationsPerSocket], [5_000, 5_000, 7])
  assert.equal(problems({ ...complete, MAX_SOCKETS_PER_USER: '0', MAX_SUBSCRIPTIONS_PER_USER: 'many' }).length, 2)
})

test('the ways out are there as far as they are configured, each whole', () => {
  const none = loadConfig(complete).delivery
  assert.deepEqual([none.email, none.sms, none.webhooks, none.allowedHosts], [undefined, undefined, true, []])
  assert.deepEqual([none.timeoutMs, none.maxTries, none.perUserPerDay], [15_000, 8, 1_000])
  const unlimited = loadConfig({ ...complete, DELIVERIES_PER_USER_PER_DAY: '0' })
  assert.equal(unlimited.delivery.perUserPerDay, undefined)
  const email = { SMTP_URL: 'smtps://user:secret@mail.example.com', SMTP_FROM: 'Taskwire <reminders@example.com>' }
  const sms = { SMS_ACCOUNT_SID: 'AC1', SMS_AUTH_TOKEN: 'secret', SMS_FROM: '+4930123456' }
  const all = loadConfig({ ...complete, ...email, ...sms, WEBHOOK_ALLOWED_HOSTS: 'LocalHost:3000, [::1]' }).delivery
  assert.deepEqual(all.email, { smtpUrl: email.SMTP_URL, from: email.SMTP_FROM })
  assert.deepEqual([all.sms?.baseUrl, all.sms?.from], ['https://api.twilio.com', '+4930123456'])
  assert.deepEqual(all.allowedHosts, ['localhost:3000', '[::1]'])

  const wrong = { SMTP_URL: 'mail.example.com', SMTP_FROM: 'a@b.example, c@d.example', DELIVERY_MAX_TRIES: '0' }
  const parts = { SMS_FROM: '+4930123456', WEBHOOK_ALLOWED_HOSTS: 'http://localhost', WEBHOOKS: 'maybe' }
  assert.deepEqual(
    new Set(problems({ ...complete, ...wrong, ...parts }).map((problem) => problem.split(':')[0])),
    new Set([...Object.keys(wrong), 'SMS_ACCOUNT_SID', 'WEBHOOK_ALLOWED_HOSTS', 'WEBHOOKS']),
  )
  for (const lone of Object.entries(email))
    assert.equal(problems({ ...complete, ...Object.fromEntries([lone]) }).length, 1)
})

test('an empty variable counts as absent', () => {
  assert.deepEqual(problems({ ...complete, DATABASE_URL: '' }), ['DATABASE_URL: must be set'])
  assert.equal(loadConfig({ ...complete, PORT: '' }).http.port, 4000)
})

test('tokens have one source, a secret or a key set, each with the algorithms that fit it', () => {
  const { AUTH_SECRET, ...rest } = complete
  const keys = { ...rest, AUTH_JWKS_URL: 'https://auth.example.com/jwks' }
  assert.deepEqual(problems({ ...keys, AUTH_SECRET }).length, 2)
  assert.match(problems(keys).join(), /^CURSOR_SECRET: must be set with AUTH_JWKS_URL/)
  assert.deepEqual(problems({ ...keys, CURSOR_SECRET: AUTH_SECRET }), [])
  assert.match(problems({ ...keys, CURSOR_SECRET: AUTH_SECRET, AUTH_ALGORITHMS: 'HS256' }).join(), /HS256 is none of/)
  assert.match(problems({ ...complete, AUTH_ALGORITHMS: 'HS256, RS256' }).join(), /RS256 is none of/)
  assert.deepEqual(loadConfig(complete).auth.algorithms, ['HS256'])
})

test('a secret that could be guessed is refused', () => {
  assert.deepEqual(problems({ ...complete, AUTH_SECRET: 'short' }), ['AUTH_SECRET: must have at least 32 characters'])
})

test('an origin that a browser would never send is refused', () => {
  const { corsOrigins } = loadConfig({ ...complete, CORS_ORIGINS: 'https://a.example.com, http://localhost:3000' }).http
  assert.deepEqual(corsOrigins, ['https://a.example.com', 'http://localhost:3000'])
  for (const wrong of ['*', 'a.example.com', 'https://a.example.com/', 'https://a.example.com/app', 'null'])
    assert.equal(problems({ ...complete, CORS_ORIGINS: `https://b.example.com,${wrong}` }).length, 1, wrong)
})

test('what is kept for a time is kept longer, the more depends on it', () => {
  const DAY = 24 * 60 * 60 * 1_000
  const days = (env: Record<string, string>) => {
    const { retention, nats } = loadConfig({ ...complete, ...env })
    const { trashMs, outboxMs, inboxMs, deliveriesMs } = retention
    return [nats.maxAgeMs, outboxMs, inboxMs, trashMs, deliveriesMs].map((ms) => ms / DAY)
  }
  assert.deepEqual(days({}), [14, 21, 28, 30, 14])
  assert.deepEqual(days({ EVENTS_MAX_AGE_DAYS: '60' }), [60, 67, 74, 30, 14])
  assert.deepEqual(days({ OUTBOX_DAYS: '15', TRASH_DAYS: '1', DELIVERIES_DAYS: '2' }), [14, 15, 22, 1, 2])
  assert.deepEqual(days({ OUTBOX_DAYS: '15', INBOX_DAYS: '16' }), [14, 15, 16, 30, 14])

  const named = (env: Record<string, string>) => problems({ ...complete, ...env }).map((text) => text.split(':')[0])
  assert.deepEqual(named({ OUTBOX_DAYS: '14' }), ['OUTBOX_DAYS'])
  assert.deepEqual(named({ EVENTS_MAX_AGE_DAYS: '30', OUTBOX_DAYS: '20', INBOX_DAYS: '20' }), [
    'OUTBOX_DAYS',
    'INBOX_DAYS',
  ])
  assert.deepEqual(named({ INBOX_DAYS: '21' }), ['INBOX_DAYS'])
  assert.deepEqual(named({ OUTBOX_DAYS: 'x', INBOX_DAYS: '1', TRASH_DAYS: '0' }).toSorted(), [
    'OUTBOX_DAYS',
    'TRASH_DAYS',
  ])
})
