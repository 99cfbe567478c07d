import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { eventually } from './helpers/eventually.ts'
import { type FaultProxy, startProxy } from './helpers/proxy.ts'

/** A server that answers with what it is sent, and keeps its own ends of the connections. */
describe('the fault proxy', () => {
  let server: Server
  let proxy: FaultProxy
  const served: Socket[] = []
  before(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      served.push(socket)
      socket.on('error', () => undefined)
      socket.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await startProxy({ port: (server.address() as AddressInfo).port })
  })
  after(async () => {
    await proxy[Symbol.asyncDispose]()
    server.close()
  })
  beforeEach(async () => {
    proxy.cut()
    await proxy.pass()
  })

  async function open() {
    const socket = connect(proxy.port, '127.0.0.1')
    const closed = new Promise<Error | undefined>((resolve) => {
      let reason: Error | undefined
      socket.on('error', (error) => {
        reason = error
      })
      socket.on('close', () => resolve(reason))
    })
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString()
    })
    await once(socket, 'connect')
    return {
      socket,
      closed,
      hears: (wanted: string) => eventually(() => text === wanted),
      get heard() {
        return text
      },
    }
  }
  const codeOf = async (closed: Promise<NodeJS.ErrnoException | undefined>) => (await closed)?.code

  it('passes every byte on, also of what is too much at once, and the end of one side alone', async () => {
    const { socket, closed, hears } = await open()
    const bytes = 'x'.repeat(8 * 1024 * 1024)
    socket.end(bytes)
    await hears(bytes)
    assert.equal(await closed, undefined)
    await eventually(() => proxy.open === 0)
  })

  it('resets both ends at a cut, and takes new connections', async () => {
    const first = await open()
    first.socket.write('one')
    await first.hears('one')
    const end = served.at(-1)
    assert.ok(end)
    assert.equal(proxy.cut(), 1)
    assert.equal(await codeOf(first.closed), 'ECONNRESET')
    await eventually(() => end.destroyed)
    const second = await open()
    second.socket.write('two')
    await second.hears('two')
  })

  it('holds everything back while it is stalled, on old connections and on new ones, and loses none of it', async () => {
    const old = await open()
    old.socket.write('a')
    await old.hears('a')
    proxy.stall()
    const late = await open()
    old.socket.write('b')
    late.socket.write('c')
    await eventually(() => proxy.open === 2)
    // Other bytes have gone there and back meanwhile.
    await roundTrip(server)
    assert.deepEqual([old.heard, late.heard], ['a', ''])
    await proxy.pass()
    await Promise.all([old.hears('ab'), late.hears('c')])
  })

  it('holds stranded connections back for ever, however either end ends, and passes new ones', async () => {
    const old = await open()
    old.socket.write('a')
    await old.hears('a')
    const end = served.at(-1)
    assert.equal(proxy.strand(), 1)
    old.socket.write('b')
    const fresh = await open()
    fresh.socket.write('c')
    await fresh.hears('c')
    await proxy.pass()
    old.socket.resetAndDestroy()
    fresh.socket.write('d')
    await fresh.hears('cd')
    assert.deepEqual([old.heard, end?.destroyed, end?.readableEnded], ['a', false, false])
  })

  it('is not there while it refuses, and is at the same port after', async () => {
    const { closed } = await open()
    const { port, taken } = proxy
    await proxy.refuse()
    assert.equal(await codeOf(closed), 'ECONNRESET')
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNREFUSED')
    await proxy.pass()
    const { socket, hears } = await open()
    socket.write('back')
    await hears('back')
    assert.deepEqual([proxy.port, proxy.taken], [port, taken + 1])
  })

  it('resets its clients where the server is not there', async () => {
    await using nowhere = await startProxy({ port: 1 })
    const socket = connect(nowhere.port, '127.0.0.1')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNRESET')
  })
})

async function roundTrip(server: Server): Promise<void> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('x')
  await once(socket, 'data')
  socket.destroy()
}
