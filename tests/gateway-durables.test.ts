import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { durables as declared } from '../nats/streams.ts'
import { STREAM } from '../src/events/subjects.ts'
import { type Nats, NatsLink } from '../src/infra/jetstream.ts'
import { Listener } from '../chaos/feed/listener.ts'
import { Random } from '../chaos/random.ts'
import { FeedServers } from '../chaos/feed/servers.ts'
import { Writer } from '../chaos/feed/writer.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { userToken } from './helpers/taskwire.ts'

const MINUTE = 60_000
const NANOSECONDS_PER_MS = 1_000_000

/** Two gateways in processes of their own, on one nats-server. */
describe('the durables of gateways', () => {
  let servers: FeedServers
  let link: NatsLink
  let nats: Nats
  before(async () => {
    servers = await FeedServers.start()
    link = new NatsLink(testConfig({ NATS_URL: servers.nats.url }).nats, testLog())
    nats = await link.ready()
  })
  after(async () => {
    await link.close()
    await servers[Symbol.asyncDispose]()
  })

  /** What reads the stream, beside the durables that every deployment has. */
  async function consumers(): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of nats.jsm.consumers.list(STREAM)) if (!(name in declared)) names.push(name)
    return names
  }

  const durables = (count: number) =>
    eventually(async () => {
      const names = await consumers()
      return names.length === count && names.every((name) => name.startsWith('sync-')) ? names : undefined
    })

  it('are one each, however often clients resume and NATS restarts', async () => {
    const before = await durables(2)
    const urls = servers.urls
    const random = new Random(1)
    await using listener = new Listener({ userId: 'alice', urls, random, tokenTtl: '10m' })
    const token = await userToken('alice')
    const writer = new Writer({ url: () => servers.url(0), token, user: 'alice', name: 'one' })
    for (let round = 0; round < 3; round += 1) {
      listener.leave()
      for (let made = 0; made < 5; made += 1) await writer.mark()
      const { id, version } = await writer.mark()
      listener.back()
      await listener.mirror.holds(id, version)
      await servers.restartNats('SIGKILL')
      await eventually(() => nats.jsm.streams.info(STREAM))
    }
    assert.deepEqual((await durables(2)).toSorted(), before.toSorted())
    assert.deepEqual([...listener.ledger.problems, ...listener.ledger.resets], [])
  })

  it('go with a gateway that is stopped, and lapse five minutes after one that died', async () => {
    await durables(2)
    // One that is not connected leaves its durable to lapse.
    await eventually(async () => {
      const ready = await Promise.all(servers.fleet.gateways.map(({ url }) => fetch(`${url}/health/ready`)))
      const answers = (await Promise.all(ready.map((answer) => answer.json()))) as { checks: { nats: string } }[]
      return answers.every(({ checks }) => checks.nats === 'ok')
    })
    const [stopped, killed] = servers.fleet.gateways
    await stopped?.signal('SIGTERM')
    const [left = ''] = await durables(1)
    await killed?.signal('SIGKILL')
    const { config } = await nats.jsm.consumers.info(STREAM, left)
    assert.equal(config.inactive_threshold, 5 * MINUTE * NANOSECONDS_PER_MS)
    // Nothing but the time stands between it and its end.
    await nats.jsm.consumers.update(STREAM, left, { inactive_threshold: 100 * NANOSECONDS_PER_MS })
    await durables(0)
    await Promise.all([stopped?.restart(), killed?.restart()])
    assert.ok(!(await durables(2)).includes(left))
  })
})
