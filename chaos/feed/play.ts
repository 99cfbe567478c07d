import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../tests/helpers/eventually.ts'
import { userToken } from '../../tests/helpers/taskwire.ts'
import { Listener } from './listener.ts'
import { Random } from '../random.ts'
import { describeSchedule, type Fault, LOSES_EVENTS, type Phase, type Schedule } from './schedule.ts'
import { differences, mirrorState, polledEvents, serverState } from './server-state.ts'
import type { FeedServers } from './servers.ts'
import { Writer } from './writer.ts'

const SETTLE_MS = 60_000
/** A phase goes on after this long, whatever the writers have got done. */
const PATIENCE_MS = 1_000

/** What a schedule has shown. */
export interface Played {
  /** Empty: every client had the server's state in the end, and was told nothing that it never may be. */
  readonly problems: readonly string[]
  readonly events: number
  readonly resets: number
}

/** Plays a schedule with users of its own, then compares what each client holds with what the server has. */
export async function play(schedule: Schedule, servers: FeedServers): Promise<Played> {
  await using game = new Game(schedule, servers)
  try {
    await game.begin()
    for (const phase of schedule.phases) await game.play(phase)
    await game.settle()
  } catch (error) {
    game.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return game.result()
}

/** All that a problem needs to be understood. */
export function describeProblems(schedule: Schedule, { problems }: Played): string {
  return [describeSchedule(schedule), ...problems].join('\n')
}

class Game implements AsyncDisposable {
  readonly problems: string[] = []
  readonly #schedule: Schedule
  readonly #servers: FeedServers
  readonly #random: Random
  readonly #nonce = randomBytes(4).toString('hex')
  readonly #listeners: { readonly user: number; readonly listener: Listener }[] = []
  #written = 0
  #turn = 0
  #frozenRelay = false
  /** What is to be done at the end of the phase. */
  #remedies: (() => Promise<void>)[] = []

  constructor(schedule: Schedule, servers: FeedServers) {
    this.#schedule = schedule
    this.#servers = servers
    this.#random = new Random(schedule.seed ^ 0x5eed)
  }

  async begin(): Promise<void> {
    const { clients, shortTokens } = this.#schedule
    for (const [client, user] of clients.entries()) this.#join(user, shortTokens.includes(client) ? '2s' : '10m')
  }

  async play({ writers, strokes }: Phase): Promise<void> {
    this.#written = 0
    if (strokes.some(({ fault }) => fault.kind === 'roll NATS back')) await this.#servers.store.copy()
    let writing = true
    const written = Promise.all(
      writers.map(async ({ user, writes }, index) => {
        const writer = await this.#writer(user, `${this.#turn}.${index}`)
        for (const write of writes) {
          await writer.write(write)
          this.#written += 1
        }
      }),
    ).finally(() => {
      writing = false
    })
    // It is awaited below; until then a failure is to wait.
    written.catch(() => undefined)
    this.#turn += 1
    for (const { after, fault } of strokes) {
      // What is frozen may hold what the writers wait for.
      await eventually(() => !writing || this.#written >= after, { withinMs: PATIENCE_MS, everyMs: 1 }).catch(
        () => false,
      )
      await this.#strike(fault)
    }
    // What is frozen or away stays so while the rest is written, as far as that can be done then.
    await Promise.race([written, delay(PATIENCE_MS, undefined, { ref: false })])
    this.#servers.nats.resume()
    for (const remedy of this.#remedies.splice(0)) await remedy()
    await this.#servers.fleet.thaw()
    await written
  }

  /** Waits until everything runs and every client has heard of the last write, and compares. */
  async settle(): Promise<void> {
    await this.#servers.ready()
    for (let user = 0; user < this.#schedule.users; user += 1) await this.#compare(user)
    const resets = this.#listeners.flatMap(({ listener }) => listener.ledger.resets)
    const lost = this.#schedule.phases.some(({ strokes }) => strokes.some(({ fault }) => LOSES_EVENTS.has(fault.kind)))
    if (!lost && resets.length > 0) this.problems.push(`reset without need: ${resets.join(' ')}`)
    for (const { user, listener } of this.#listeners)
      this.problems.push(...listener.ledger.problems.map((problem) => `a client of user ${user}: ${problem}`))
  }

  result(): Played {
    const ledgers = this.#listeners.map(({ listener }) => listener.ledger)
    if (this.problems.length > 0) {
      for (const { user, listener } of this.#listeners)
        this.problems.push(`what a client of user ${user} heard last:\n  ${listener.ledger.recent.join('\n  ')}`)
      this.problems.push(this.#servers.fleet.output())
    }
    return {
      problems: this.problems,
      events: ledgers.reduce((sum, ledger) => sum + ledger.eventIds.length, 0),
      resets: ledgers.reduce((sum, ledger) => sum + ledger.resets.length, 0),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#listeners.map(({ listener }) => listener[Symbol.asyncDispose]()))
  }

  #userId(user: number): string {
    return `user ${user} of ${this.#schedule.seed}.${this.#nonce}`
  }

  #join(user: number, tokenTtl: string): void {
    const urls = this.#servers.urls
    const random = new Random(this.#schedule.seed + this.#listeners.length)
    this.#listeners.push({ user, listener: new Listener({ userId: this.#userId(user), urls, random, tokenTtl }) })
  }

  async #writer(user: number, name: string): Promise<Writer> {
    const urls = this.#servers.urls
    return new Writer({
      url: () => this.#random.pick(urls),
      token: await userToken(this.#userId(user)),
      user: this.#userId(user),
      name,
    })
  }

  async #strike(fault: Fault): Promise<void> {
    const servers = this.#servers
    switch (fault.kind) {
      case 'cut':
        return this.#listener(fault.client).cut()
      case 'away':
      case 'stall': {
        const listener = this.#listener(fault.client)
        if (fault.kind === 'away') listener.leave()
        else listener.stall()
        this.#remedies.push(async () => listener.back())
        return
      }
      case 'join':
        return this.#join(this.#schedule.clients[fault.client] ?? 0, '10m')
      case 'stop gateway':
        return servers.restartGateway(fault.gateway, fault.signal)
      case 'freeze gateway':
        return servers.freezeGateway(fault.gateway)
      case 'restart NATS':
        return servers.restartNats(fault.signal)
      case 'freeze NATS':
        return servers.nats.pause()
      case 'roll NATS back':
        return servers.store.rollBack()
      case 'empty NATS':
        return servers.store.empty()
      case 'freeze relay': {
        if (this.#frozenRelay) return
        this.#frozenRelay = true
        const frozen = await servers.leader()
        await servers.fleet.freeze(frozen)
        this.#remedies.push(async () => {
          await servers.leader(frozen)
          this.#frozenRelay = false
        })
        return
      }
      case 'kill relay':
        return servers.fleet.restart(await servers.leader(), 'SIGKILL')
      case 'cut PostgreSQL':
        return servers.cutDatabase()
    }
  }

  #listener(client: number): Listener {
    const found = this.#listeners[client]
    if (found === undefined) throw new Error(`There is no client ${client}.`)
    return found.listener
  }

  async #compare(user: number): Promise<void> {
    const writer = await this.#writer(user, 'last')
    const own = this.#listeners.filter((entry) => entry.user === user).map(({ listener }) => listener)
    for (const listener of own) {
      await this.#inStep(listener, writer)
      const token = await userToken(this.#userId(user))
      // A connection that broke in a fault may still be found broken.
      const server = await eventually(() => serverState(this.#servers.url(0), token))
      const found = differences(server, mirrorState(listener.mirror))
      this.problems.push(...found.map((difference) => `user ${user}: ${difference}`))
      const { whole } = listener.ledger
      if (whole === undefined) continue
      const polled = await eventually(() => polledEvents(this.#servers.url(1), token, whole.after))
      if (polled.join() !== whole.eventIds.join())
        this.problems.push(`user ${user} was told ${whole.eventIds.join(' ')}\n  and polls ${polled.join(' ')}`)
    }
  }

  /**
   * What a client has just read afresh may be ahead of its events, and those may show again what is long gone: it is in
   * step when a last write has come to it as an event.
   */
  async #inStep({ mirror }: Listener, writer: Writer): Promise<void> {
    for (const deadline = Date.now() + SETTLE_MS; ; ) {
      const before = mirror.fullReads
      const { id, version } = await writer.mark()
      const late = delay(deadline - Date.now(), 'late' as const, { ref: false })
      if ((await Promise.race([mirror.holds(id, version), late])) === 'late')
        throw new Error('A client is not in step.')
      if (mirror.fullReads === before) return
    }
  }
}
