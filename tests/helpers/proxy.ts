import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * A network that a test can break: TCP between clients and one server, byte for byte. It passes everything on, or is
 * stalled (connections stay and are taken, and nothing gets through), or refuses (no connection stays or is taken).
 */
export interface FaultProxy extends AsyncDisposable {
  /** Its own; stays the same over all that happens. */
  readonly port: number
  /** For HTTP and WebSocket clients, for example `http://127.0.0.1:34567`. */
  readonly url: string
  /** Connections that are open now. */
  readonly open: number
  /** Connections that were taken so far. */
  readonly taken: number
  /** Resets every open connection, at both ends (RST); new ones are taken. Answers with how many there were. */
  cut(): number
  /** Cuts, and takes no connection from now on: ECONNREFUSED. */
  refuse(): Promise<void>
  /** Lets no byte through in either direction, as a network does that is gone without a word. */
  stall(): void
  /**
   * Holds back whatever the open connections carry, for ever and without a word, as a network does that has forgotten
   * them; new ones pass. Answers with how many there were.
   */
  strand(): number
  /** Passes everything on again, also what was held back; what is stranded stays so. */
  pass(): Promise<void>
}

/** Both ends of one connection. */
interface Pair {
  readonly client: Socket
  readonly server: Socket
}

export async function startProxy(target: { readonly port: number; readonly host?: string }): Promise<FaultProxy> {
  const pairs = new Set<Pair>()
  /** Of these neither end hears of the other any more. */
  const stranded = new Set<Pair>()
  let stalled = false
  let taken = 0

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    taken += 1
    const server = connect({ host: '127.0.0.1', ...target, allowHalfOpen: true, noDelay: true })
    const pair = { client, server }
    pairs.add(pair)
    const end = () => {
      if (!pairs.delete(pair)) return
      reset(pair)
    }
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      // Why a connection broke is for its ends to say; here one end goes with the other.
      from.on('error', end)
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => {
        if (!stalled && pairs.has(pair)) from.resume()
      })
      from.on('end', () => to.end())
      from.on('close', () => {
        if (!client.closed || !server.closed) return
        pairs.delete(pair)
        stranded.delete(pair)
      })
    }
    if (stalled) hold(pair)
  })

  const listen = async (port: number) => {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  }
  const cut = () => {
    const count = pairs.size
    for (const pair of pairs) reset(pair)
    pairs.clear()
    return count
  }
  const refuse = async () => {
    if (listener.listening) {
      listener.close()
      cut()
      await once(listener, 'close')
    }
  }

  await listen(0)
  // Listening on a TCP port, it has an address of this form.
  const { port } = listener.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get open() {
      return pairs.size
    },
    get taken() {
      return taken
    },
    cut,
    refuse,
    stall() {
      stalled = true
      for (const pair of pairs) hold(pair)
    },
    strand() {
      const count = pairs.size
      for (const pair of pairs) {
        hold(pair)
        stranded.add(pair)
      }
      pairs.clear()
      return count
    },
    async pass() {
      stalled = false
      for (const { client, server } of pairs) {
        client.resume()
        server.resume()
      }
      if (!listener.listening) await listen(port)
    },
    async [Symbol.asyncDispose]() {
      for (const pair of stranded) reset(pair)
      await refuse()
    },
  }
}

function reset({ client, server }: Pair): void {
  client.resetAndDestroy()
  server.resetAndDestroy()
}

function hold({ client, server }: Pair): void {
  client.pause()
  server.pause()
}
