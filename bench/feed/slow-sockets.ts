import { paced } from '../clock.ts'
import type { Child } from '../child.ts'
import type { Seen } from '../questions.ts'
import type { Row } from '../report.ts'
import { tokensFor } from '../world.ts'
import { FEED } from './document.ts'
import { type FeedBench, userNames } from './sides.ts'

export interface SlowSocketsOptions {
  /** The sockets are theirs, and the events, in turn. */
  readonly users: number
  readonly slow: number
  readonly healthy: number
  /** Of the task in each event, in characters; absent: a sentence. */
  readonly descriptionLength?: number
  readonly eventsBefore: number
  readonly events: number
  readonly perSecond: number
}

const MEBIBYTE = 1024 * 1024
const SAMPLE_MS = 200

/**
 * Sockets that stop reading while events go on: what that costs the server, and the sockets beside them, of the same
 * users. Before they stop, all read at the same pace.
 */
export async function slowSockets(bench: FeedBench, options: SlowSocketsOptions): Promise<Row[]> {
  const { slow, healthy, events, eventsBefore, perSecond } = options
  const users = userNames(options.users)
  const description = options.descriptionLength === undefined ? undefined : 'x'.repeat(options.descriptionLength)
  const { subscribers, ours } = bench
  const gateway = await ours.start()
  const open = async (group: string, count: number) => {
    const tokens = await tokensFor(Array.from({ length: count }, (_, index) => users[index % users.length] ?? ''))
    await subscribers.ask('open', { group, port: gateway.port, tokens, document: FEED })
  }
  await open('healthy', healthy)
  await open('slow', slow)

  const send = async (count: number): Promise<Seen> => {
    await subscribers.ask('begin', { group: 'healthy' })
    await paced(perSecond, count, (index) => ours.publisher.publish(users[index % users.length] ?? '', description))
    const deliveries = (count / users.length) * healthy
    await subscribers.ask('reached', { group: 'healthy', deliveries })
    const seen = await subscribers.ask('seen', { group: 'healthy' })
    if (seen.deliveries !== deliveries || seen.resets > 0 || Object.keys(seen.closed).length > 0)
      throw new Error(`The healthy sockets should have had ${deliveries} events: ${JSON.stringify(seen)}`)
    return seen
  }
  await send(eventsBefore)
  const before = await send(eventsBefore)
  const settled = await gateway.process.ask('settledUsage')
  await subscribers.ask('stopReading', { group: 'slow' })
  const memory = sampleMemory(gateway.process)
  const during = await send(events)
  const highest = await memory.stop()
  const left = await gateway.process.ask('settledUsage')
  const openAfter = await openSubscriptions(gateway.url)
  await subscribers.ask('readOn', { group: 'slow' })
  const { closed, resets } = await subscribers.ask('seen', { group: 'slow' })
  for (const group of ['healthy', 'slow']) await subscribers.ask('close', { group })
  await gateway.process.stop()

  const codes = Object.entries(closed).map(([code, count]) => `${count} with ${code}`)
  const ending = `${codes.join(', ') || 'none'}; ${resets} were reset`
  const title = `${slow} sockets of ${users.length === 1 ? 'one user' : `${users.length} users`} stop reading for ${events} events`
  const growth = (bytes: number) => [(bytes - settled.rssBytes) / MEBIBYTE]
  return [
    {
      work: `${title}: p99 of ${healthy} healthy ones at ${perSecond}/s, during beside before`,
      unit: 'ms',
      ours: [during.p99Ms],
      peer: { name: 'before', values: [before.p99Ms] },
      goal: { is: 'most', floor: 2 },
    },
    { work: `${title}: the server grows at most by`, unit: 'MiB', ours: growth(highest) },
    { work: `${title}: and has kept at the end`, unit: 'MiB', ours: growth(left.rssBytes) },
    { work: `${title}: closed (${ending})`, unit: 'sockets', ours: [healthy + slow - openAfter] },
  ]
}

function sampleMemory(process: Child): { stop(): Promise<number> } {
  let highest = 0
  const look = async () => {
    const { rssBytes } = await process.ask('usage')
    highest = Math.max(highest, rssBytes)
  }
  const looking = setInterval(() => void look(), SAMPLE_MS)
  return {
    async stop() {
      clearInterval(looking)
      await look()
      return highest
    },
  }
}

async function openSubscriptions(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^taskwire_subscriptions (\d+)/m.exec(text)?.[1])
}
