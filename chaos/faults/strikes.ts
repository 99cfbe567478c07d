import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../tests/helpers/eventually.ts'
import type { TestNats } from '../../tests/helpers/nats.ts'
import type { Program } from '../../tests/helpers/process.ts'
import type { FaultProxy } from '../../tests/helpers/proxy.ts'
import { NatsStore } from '../world/nats-store.ts'
import type { World } from '../world/world.ts'
import { describeFault, type Fault, LOSES_EVENTS, type Network, type ProgramName } from './fault.ts'

/** A fault that has struck. */
export interface Stroke {
  readonly at: number
  readonly fault: Fault
  /** When what it hit was started again or mended; programs may still be starting. */
  readonly overAt: number
}

/** Lets faults strike a world, and mends what they break. */
export class Strikes implements AsyncDisposable {
  readonly strokes: Stroke[] = []
  readonly #world: World
  readonly #single: { readonly nats: TestNats; readonly store: NatsStore } | undefined

  /** @param nats where it is one server, and its faults are to be among those that strike */
  constructor(world: World, nats: TestNats | undefined) {
    this.#world = world
    this.#single = nats && { nats, store: new NatsStore(nats) }
  }

  /** Whether clients may have been told to read everything afresh. */
  get lostEvents(): boolean {
    return this.strokes.some(({ fault }) => LOSES_EVENTS.has(fault.kind))
  }

  /** Resolves when it is over. */
  async strike(fault: Fault): Promise<Stroke> {
    const at = Date.now()
    await this.#strike(fault)
    const stroke = { at, fault, overAt: Date.now() }
    this.strokes.push(stroke)
    return stroke
  }

  /** Everything runs, every network passes and the time is past all that was set when this resolves. */
  async heal(): Promise<void> {
    const { fleet, postgres } = this.#world
    for (const program of fleet.programs) {
      const { database, nats, clients } = this.#world.networksOf(program)
      for (const network of [database, nats, clients]) await network?.pass()
    }
    await postgres.restart()
    this.#single?.nats.resume()
    await this.#single?.nats.start()
    await fleet.ready()
    await this.#catchUpWithTime()
  }

  /** What has struck, to be read. */
  describe(): string {
    return this.strokes
      .map(
        ({ at, fault, overAt }) =>
          `${new Date(at).toISOString().slice(11, 23)} ${describeFault(fault)} (${overAt - at} ms)`,
      )
      .join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#single?.store[Symbol.asyncDispose]()
  }

  async #strike(fault: Fault): Promise<void> {
    const { fleet, postgres } = this.#world
    switch (fault.kind) {
      case 'kill':
        return fleet.restart(await this.#program(fault.program), 'SIGKILL', fault.lastsMs)
      case 'stop':
        return fleet.restart(await this.#program(fault.program), 'SIGTERM', fault.lastsMs)
      case 'freeze': {
        const program = await this.#program(fault.program)
        await fleet.freeze(program)
        await delay(fault.lastsMs)
        return fleet.thaw(program)
      }
      case 'kill NATS':
      case 'stop NATS':
        await this.#nats().nats.stop(fault.kind === 'kill NATS' ? 'SIGKILL' : 'SIGTERM')
        await delay(fault.lastsMs)
        return this.#nats().nats.start()
      case 'freeze NATS':
        this.#nats().nats.pause()
        await delay(fault.lastsMs)
        return this.#nats().nats.resume()
      case 'empty NATS':
        return this.#nats().store.empty(fault.lastsMs)
      case 'roll NATS back':
        await this.#nats().store.copy()
        await delay(fault.lastsMs)
        return this.#nats().store.rollBack()
      case 'stop PostgreSQL at once':
      case 'kill PostgreSQL':
        await postgres.stop(fault.kind === 'kill PostgreSQL' ? 'SIGKILL' : 'SIGQUIT')
        await delay(fault.lastsMs)
        return postgres.restart()
      case 'kill a backend':
        return postgres.killBackend()
      case 'end all sessions':
        return this.#query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'taskwire'`)
      case 'cut':
        return void (await this.#network(fault.program, fault.network)).cut()
      case 'strand':
        return void (await this.#network(fault.program, fault.network)).strand()
      case 'stall': {
        const network = await this.#network(fault.program, fault.network)
        network.stall()
        await delay(fault.lastsMs)
        return network.pass()
      }
      case 'set the clock':
        return this.#query('UPDATE clock SET shift_ms = $1', [fault.aheadMs])
    }
  }

  /** PostgreSQL may still be recovering from the fault before. */
  async #query(sql: string, values: unknown[] = []): Promise<void> {
    await eventually(() => this.#world.database.query(sql, values))
  }

  /** What began while the time was ahead is to end, too: the time goes on from the farthest that it was. */
  async #catchUpWithTime(): Promise<void> {
    const farthest = Math.max(
      ...this.strokes.map(({ fault }) => (fault.kind === 'set the clock' ? fault.aheadMs : 0)),
      0,
    )
    if (farthest > 0) await this.#query('UPDATE clock SET shift_ms = greatest(shift_ms, $1)', [farthest])
  }

  #nats() {
    if (this.#single === undefined) throw new Error('NATS is not for these strikes.')
    return this.#single
  }

  async #program(name: ProgramName): Promise<Program> {
    const { fleet } = this.#world
    const named = fleet.programs.find((program) => fleet.nameOf(program) === name)
    if (named !== undefined) return named
    // Where none leads for now, any worker will do.
    const leader = await fleet.leader().catch(() => fleet.workers[0])
    if (leader === undefined) throw new Error(`There is no ${name}.`)
    return leader
  }

  async #network(name: ProgramName, network: Network): Promise<FaultProxy> {
    const found = this.#world.networksOf(await this.#program(name))[network]
    if (found === undefined) throw new Error(`${name} has no network ${network} of its own.`)
    return found
  }
}
