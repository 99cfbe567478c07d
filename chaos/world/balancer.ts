import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** How often each target is asked whether it is ready. One that leaves that unanswered is out after the third time. */
const CHECK_EVERY_MS = 250
const CHECK_PATIENCE_MS = 2_000
const MOST_UNANSWERED = 2

/** One of those that requests are spread over. */
class Target {
  readonly url: URL
  /** Connections are kept, as balancers do. */
  readonly agent = new Agent({ keepAlive: true, maxSockets: 64 })
  ready = false
  unanswered = 0

  constructor(url: string) {
    this.url = new URL(url)
  }
}

/**
 * A load balancer as they commonly are: requests go in turn to the targets whose `/health/ready` says 200, over
 * connections that are kept. A request that could not be delivered, because no connection came to be, goes to another
 * target; one that was sent is never sent again. Sockets are passed through.
 */
export class Balancer implements AsyncDisposable {
  readonly #targets: readonly Target[]
  readonly #server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing, this.#inTurn()))
  readonly #sockets = new Set<Duplex>()
  readonly #closing = new AbortController()
  readonly #checking: Promise<unknown>
  #turn = 0

  private constructor(urls: readonly string[]) {
    this.#targets = urls.map((url) => new Target(url))
    this.#server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(incoming, socket, head),
    )
    this.#server.keepAliveTimeout = 60_000
    this.#checking = Promise.all(this.#targets.map((target) => this.#check(target)))
  }

  static async start(urls: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(urls)
    balancer.#server.listen(0, '127.0.0.1')
    await once(balancer.#server, 'listening')
    return balancer
  }

  get url(): string {
    // Listening on a TCP port, it has an address of this form.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Whether requests go to this target. */
  isReady(url: string): boolean {
    return this.#targets.some((target) => target.ready && target.url.href === new URL(url).href)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    for (const socket of this.#sockets) socket.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
    for (const { agent } of this.#targets) agent.destroy()
    await this.#checking
  }

  async #check(target: Target): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(CHECK_PATIENCE_MS)])
      try {
        const response = await fetch(new URL('/health/ready', target.url), { signal: limit })
        await response.body?.cancel()
        target.ready = response.ok
        target.unanswered = 0
      } catch {
        target.unanswered += 1
        // Where nobody listens there is nothing to wait for.
        if (!limit.aborted || target.unanswered > MOST_UNANSWERED) target.ready = false
      }
      await delay(CHECK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  /** The targets to try, one after the other. */
  #inTurn(): Target[] {
    const ready = this.#targets.filter((target) => target.ready)
    this.#turn += 1
    return ready.map((_, index) => ready[(index + this.#turn) % ready.length]).filter((target) => target !== undefined)
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, [target, ...others]: readonly Target[]): void {
    if (target === undefined) return respond(outgoing, 503)
    const { method, headers, url: path } = incoming
    const { hostname, port } = target.url
    const sent = request({ hostname, port, method, path, headers, agent: target.agent })
    let connected = false
    sent.on('socket', (socket: Socket) => {
      if (socket.connecting) socket.once('connect', () => (connected = true))
      else connected = true
    })
    sent.on('response', (answer) => {
      const { connection: _, 'keep-alive': __, ...answered } = answer.headers
      outgoing.writeHead(answer.statusCode ?? 502, answered)
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
      outgoing.on('close', () => answer.destroy())
    })
    sent.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy()
      else if (!connected && !incoming.readableDidRead) this.#pass(incoming, outgoing, others)
      else respond(outgoing, 502)
    })
    // Nothing is read of the request before there is a connection for it.
    sent.on('socket', (socket: Socket) => {
      const flow = () => incoming.pipe(sent)
      if (socket.connecting) socket.once('connect', flow)
      else flow()
    })
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [target] = this.#inTurn()
    if (target === undefined) return void socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n')
    const { method, headers, url: path } = incoming
    const { hostname, port } = target.url
    const sent = request({ hostname, port, method, path, headers, agent: false })
    const keep = (one: Duplex, other: Duplex) => {
      this.#sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    sent.on('upgrade', (answer, upstream, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`)
      socket.write(['HTTP/1.1 101 Switching Protocols', ...lines, '', ''].join('\r\n'))
      keep(socket, upstream)
      keep(upstream, socket)
      if (head.length > 0) upstream.write(head)
      if (first.length > 0) socket.write(first)
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    sent.on('response', (answer) => {
      answer.resume()
      socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`)
    })
    sent.on('error', () => socket.destroy())
    socket.on('error', () => sent.destroy())
    sent.end()
  }
}

function respond(outgoing: ServerResponse, status: number): void {
  outgoing.writeHead(status, { 'content-length': 0 }).end()
}
