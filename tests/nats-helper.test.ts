import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { startNats } from './helpers/nats.ts'

test('a test’s nats-server keeps its port and data over a restart, and its store can be rolled back', async () => {
  await using nats = await startNats()
  await using backup = await temporaryDirectory()
  await publish(nats.url, 'one')

  await nats.stop()
  assert.equal(nats.running, false)
  await cp(nats.storeDir, backup.path, { recursive: true })
  await nats.start()
  await publish(nats.url, 'two')
  assert.equal(await messages(nats.url), 2)

  await nats.stop('SIGKILL')
  await rm(nats.storeDir, { recursive: true })
  await cp(backup.path, nats.storeDir, { recursive: true })
  await nats.start()
  assert.equal(await messages(nats.url), 1)
})

test('a test’s nats-server leaves neither a process nor a directory behind', async () => {
  const nats = await startNats()
  await nats[Symbol.asyncDispose]()
  assert.equal(nats.running, false)
  await assert.rejects(readdir(nats.storeDir), { code: 'ENOENT' })
})

test('a nats-server that cannot start says why', async () => {
  await assert.rejects(startNats({ args: ['--config', '/nowhere.conf'] }), /nowhere\.conf/)
})

async function publish(url: string, data: string): Promise<void> {
  const connection = await connect({ servers: url })
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'T', subjects: ['t'] })
  await jetstream(connection).publish('t', data)
  await connection.close()
}

async function messages(url: string): Promise<number> {
  const connection = await connect({ servers: url })
  const info = await (await jetstreamManager(connection)).streams.info('T')
  await connection.close()
  return info.state.messages
}

async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'taskwire-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
