import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { oneAtATime } from '../setup/one-at-a-time.mjs'
import { startProgram } from './helpers/program.ts'

const PATH = process.env.PATH ?? ''

test('a program that is set up first runs under the project’s Node, and its exit code is passed on', async () => {
  const program = startProgram(['setup/run.mjs', '-e', 'console.log(process.version); process.exit(7)'], { PATH })
  assert.equal(await program.ended, 7)
  assert.match(program.output, /^v24\./)
})

test('a signal is passed on to the program', async () => {
  const script = `process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); console.log('ready')`
  const program = startProgram(['setup/run.mjs', '-e', script], { PATH })
  await program.wrote('ready')
  program.signal('SIGTERM')
  assert.equal(await program.ended, 9)
})

test('a NATS_SERVER_BIN that is none is refused, without a stack', async () => {
  const program = startProgram(['setup/run.mjs', '--nats'], { PATH, NATS_SERVER_BIN: process.execPath })
  assert.equal(await program.ended, 1)
  assert.match(program.output, /NATS_SERVER_BIN: .* is no nats-server of 2\.14 or newer/)
  assert.doesNotMatch(program.output, /\n\s+at /)
})

test('two set-ups of one clone follow each other', async () => {
  await using lock = await lockFile()
  const events: string[] = []
  const first = Promise.withResolvers<void>()
  const running = oneAtATime(lock.path, async () => {
    events.push('first begins')
    await first.promise
    events.push('first ends')
  })
  while (events.length === 0) await new Promise(setImmediate)
  const waiting = oneAtATime(lock.path, () => Promise.resolve(events.push('second')))
  first.resolve()
  await Promise.all([running, waiting])
  assert.deepEqual(events, ['first begins', 'first ends', 'second'])
  await assert.rejects(readFile(lock.path), { code: 'ENOENT' })
})

test('a set-up that was killed holds up nobody', async () => {
  await using lock = await lockFile()
  const killed = startProgram(['-e', ''], { PATH })
  await killed.ended
  await writeFile(lock.path, String(killed.pid))
  assert.equal(await oneAtATime(lock.path, () => Promise.resolve('done')), 'done')
})

async function lockFile(): Promise<AsyncDisposable & { path: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'taskwire-lock-'))
  return { path: join(directory, 'lock'), [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) }
}
