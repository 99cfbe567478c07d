import { STREAM } from '../../src/events/subjects.ts'
import type { Nats } from '../../src/infra/jetstream.ts'
import { freePort } from '../../dev/free-port.ts'
import { eventually } from '../../tests/helpers/eventually.ts'
import { startNats, type TestNats } from '../../tests/helpers/nats.ts'

const SIZE = 3
const NAME = 'chaos'
/** Members that come back read what they have missed. */
const HEALTHY_WITHIN_MS = 60_000

/** Three nats-servers on loopback that keep each stream threefold. */
export class NatsCluster implements AsyncDisposable {
  readonly #members: ReadonlyMap<string, TestNats>

  private constructor(members: ReadonlyMap<string, TestNats>) {
    this.#members = members
  }

  static async start(): Promise<NatsCluster> {
    const ports = await Promise.all(Array.from({ length: SIZE }, freePort))
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`)
    await using starting = new AsyncDisposableStack()
    const members = await Promise.all(
      routes.map(async (route, index) => {
        const name = `member-${index}`
        const args = [`--cluster_name=${NAME}`, `--cluster=${route}`, `--routes=${routes.join(',')}`]
        return [name, starting.use(await startNats({ name, args }))] as const
      }),
    )
    starting.move()
    return new NatsCluster(new Map(members))
  }

  get url(): string {
    return [...this.#members.values()].map(({ url }) => url).join(',')
  }

  /** The member that leads the stream. */
  async leader({ jsm }: Nats): Promise<TestNats> {
    const { cluster } = await jsm.streams.info(STREAM)
    const member = this.#members.get(cluster?.leader ?? '')
    if (member === undefined) throw new Error(`The stream is led by ${cluster?.leader}.`)
    return member
  }

  /** Resolves when the stream has all its replicas, each up to date. */
  async healthy({ jsm }: Nats): Promise<void> {
    await eventually(
      async () => {
        const { cluster } = await jsm.streams.info(STREAM)
        const { leader, replicas = [] } = cluster ?? {}
        return (
          leader !== undefined &&
          replicas.length === SIZE - 1 &&
          replicas.every(({ current, offline }) => current && !offline)
        )
      },
      { withinMs: HEALTHY_WITHIN_MS, everyMs: 100 },
    )
  }

  async heal(): Promise<void> {
    for (const member of this.#members.values()) await member.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => member[Symbol.asyncDispose]()))
  }
}
