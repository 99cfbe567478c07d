import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandLine } from '../dev/leftover.ts'
import { freePort } from '../dev/free-port.ts'
import { gone, isRunning, type Program, startProgram } from './helpers/program.ts'

const READY = 'Stop      Ctrl-C'

test('npm start’s server answers, keeps its data, refuses a second one beside it, and stops all it started', async () => {
  await using place = await startingPlace()
  const first = place.start()
  await first.wrote(READY)
  const servers = await place.servers()
  assert.deepEqual(await place.ask('mutation { createTask(input: { title: "keep me" }) { task { title } } }'), {
    createTask: { task: { title: 'keep me' } },
  })

  const second = place.start()
  assert.equal(await second.ended, 1)
  assert.match(second.output, new RegExp(`already runs in this clone, as process ${first.pid}, at http://localhost`))
  assert.doesNotMatch(second.output, /\n\s+at /)

  first.signal('SIGTERM')
  assert.equal(await first.ended, 0)
  await gone(servers)

  const third = place.start()
  await third.wrote(READY)
  assert.deepEqual(await place.ask('{ tasks(first: 5) { nodes { title } } }'), {
    tasks: { nodes: [{ title: 'keep me' }] },
  })
  third.signal('SIGINT')
  assert.equal(await third.ended, 0)
})

test('killed, it takes its servers with it', async () => {
  await using place = await startingPlace()
  const program = place.start()
  await program.wrote(READY)
  const servers = await place.servers()
  program.signal('SIGKILL')
  await gone(servers)
})

test('killed together with what watches over its servers, the next start stops them', linuxOnly(), async () => {
  await using place = await startingPlace()
  const program = place.start()
  await program.wrote(READY)
  const servers = await place.servers()
  for (const child of await children(program.pid)) if (!servers.includes(child)) process.kill(child, 'SIGKILL')
  program.signal('SIGKILL')
  await program.ended
  for (const server of servers) assert.ok(await isRunning(server), 'the servers were orphaned')

  const next = place.start()
  await next.wrote(READY)
  await gone(servers)
})

test('what stands in the way of a start is said without a stack', async () => {
  await using place = await startingPlace()
  const listener = createServer().listen(place.port, '127.0.0.1')
  const taken = place.start()
  assert.equal(await taken.ended, 1)
  assert.match(taken.output, /The port is taken: stop what listens there, or set PORT to another\./)
  listener.close()

  const confused = place.start({ PORT: 'http', LOG_LEVEL: 'loud', AUTH_SECRET: 'short' })
  assert.equal(await confused.ended, 1)
  assert.match(confused.output, /3 problem\(s\):\n.*AUTH_SECRET: .*\n.*PORT: .*\n.*LOG_LEVEL: /)

  const lost = place.start({ NATS_SERVER_BIN: '/nowhere/nats-server' })
  assert.equal(await lost.ended, 1)
  assert.match(lost.output, /\/nowhere\/nats-server cannot be run/)
  for (const { output } of [taken, confused, lost]) assert.doesNotMatch(output, /\n\s+at /)
})

interface StartingPlace extends AsyncDisposable {
  readonly port: number
  start(env?: NodeJS.ProcessEnv): Program
  /** The process ids of PostgreSQL and nats-server. */
  servers(): Promise<number[]>
  /** Asks the server as alice. */
  ask(query: string): Promise<unknown>
}

/** A data directory and a port of a test's own; what was started there is stopped at the end. */
async function startingPlace(): Promise<StartingPlace> {
  const directory = await mkdtemp(join(tmpdir(), 'taskwire-start-'))
  // PostgreSQL may run as another user.
  await chmod(directory, 0o755)
  const port = await freePort()
  const programs: Program[] = []
  const { DATABASE_URL: _, NATS_URL: __, AUTH_SECRET: ___, ...inherited } = process.env
  const environment = { ...inherited, DATA_DIR: directory, PORT: String(port) }
  return {
    port,
    start(env = {}) {
      const program = startProgram(['dev/start.ts'], { ...environment, ...env })
      programs.push(program)
      return program
    },
    servers: () =>
      Promise.all(
        ['postgres/postmaster.pid', 'nats.pid'].map(async (file) =>
          Number((await readFile(join(directory, file), 'utf8')).split('\n')[0]),
        ),
      ),
    async ask(query) {
      const token = startProgram(['dev/token.ts', '--user', 'alice'], environment)
      assert.equal(await token.ended, 0)
      const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token.output.trim()}` },
        body: JSON.stringify({ query }),
      })
      const { data, errors } = await response.json()
      assert.equal(errors, undefined)
      return data
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(programs.map((program) => program[Symbol.asyncDispose]()))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function children(pid: number): Promise<number[]> {
  const all = (await readdir('/proc')).map(Number).filter((id) => id > 0)
  const parents = await Promise.all(
    all.map(async (id) => {
      const status = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')
      return Number(/\) \S (\d+)/.exec(status)?.[1])
    }),
  )
  const found = all.filter((_, i) => parents[i] === pid)
  const lines = await Promise.all(found.map(commandLine))
  assert.ok(
    lines.some((line) => line.includes('guard')),
    `no guard among ${lines.join()}`,
  )
  return found
}

function linuxOnly() {
  return { skip: process.platform === 'linux' ? false : 'needs /proc' }
}
