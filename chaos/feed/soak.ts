import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../tests/helpers/eventually.ts'
import { userToken } from '../../tests/helpers/taskwire.ts'
import { audit } from '../ledger/feed.ts'
import { Listener } from './listener.ts'
import { Random } from '../random.ts'
import { differences, mirrorState, serverState } from './server-state.ts'
import type { FeedServers } from './servers.ts'
import { randomWrite } from './write.ts'
import { Writer } from './writer.ts'

export interface SoakOptions {
  readonly sockets: number
  readonly durationMs: number
  /** Mutations a second, of all users together. */
  readonly rate: number
  /** A gateway is killed this often, one after the other. */
  readonly killEveryMs: number
  /** Each socket is cut about this often. */
  readonly cutEveryMs: number
}

/** What came of it; all but the first few are to be 0. */
export interface Soaked {
  readonly mutations: number
  readonly events: number
  readonly deliveries: number
  readonly connections: number
  readonly cuts: number
  readonly kills: number
  /** Events of the outbox that a client of their user was not told. */
  readonly missing: number
  readonly repeated: number
  readonly outOfOrder: number
  readonly resets: number
  /** Entities that a client does not hold as the server has them. */
  readonly differences: number
  /** Whatever else a client was told and never may be. */
  readonly problems: readonly string[]
}

const SOCKETS_PER_USER = 5
const MOST_AT_ONCE = 20
const TICK_MS = 100
const SETTLE_MS = 90_000

/** Many clients of many users, whose sockets and gateways break again and again while the users write. */
export async function soak(servers: FeedServers, options: SoakOptions): Promise<Soaked> {
  const { sockets, durationMs, killEveryMs, cutEveryMs } = options
  const random = new Random(Date.now())
  const urls = servers.urls
  await using stack = new AsyncDisposableStack()
  const listeners = Array.from({ length: sockets }, (_, index) => {
    const userId = `soak-${Math.floor(index / SOCKETS_PER_USER)}`
    // Long enough for what comes all at once when a gateway is gone; tokens end at many different times.
    const tokenTtl = `${random.between(30, 90)}s`
    const seed = random.between(0, 2 ** 30)
    const listener = stack.use(new Listener({ userId, urls, random: new Random(seed), tokenTtl, patienceMs: 10_000 }))
    return { userId, listener }
  })
  const users = [...new Set(listeners.map(({ userId }) => userId))]
  await eventually(() => listeners.every(({ listener }) => listener.mirror.fullReads > 0), { withinMs: SETTLE_MS })

  const end = Date.now() + durationMs
  const counts = { cuts: 0, kills: 0 }
  const writing = write(users, urls, random, options.rate, end)
  const breaking = (async () => {
    for (let nextKill = Date.now() + killEveryMs / 2; Date.now() < end; await delay(TICK_MS)) {
      for (const { listener } of listeners)
        if (random.next() < TICK_MS / cutEveryMs) {
          counts.cuts += 1
          listener.cut()
        }
      if (Date.now() < nextKill) continue
      nextKill += killEveryMs
      await servers.restartGateway(counts.kills % urls.length, 'SIGKILL')
      counts.kills += 1
    }
  })()
  const [mutations] = await Promise.all([writing, breaking])
  await servers.ready()

  const ledger = await eventsOf(servers, users)
  const due = ({ userId }: { userId: string }) => ledger.get(userId) ?? []
  // What is late is missing, and is told as that.
  await eventually(() => listeners.every((entry) => entry.listener.ledger.eventIds.length >= due(entry).length), {
    withinMs: SETTLE_MS,
  }).catch(() => false)

  const audits = listeners.map((entry) => audit(due(entry), entry.listener.ledger.eventIds))
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  const states = new Map<string, Awaited<ReturnType<typeof serverState>>>()
  for (const userId of users) states.set(userId, await serverState(urls[0] ?? '', await userToken(userId)))
  const different = ({ userId, listener }: (typeof listeners)[number]) =>
    differences(states.get(userId) ?? new Map(), mirrorState(listener.mirror)).length
  return {
    mutations,
    events: sum([...ledger.values()].map((ids) => ids.length)),
    deliveries: sum(listeners.map(({ listener }) => listener.ledger.eventIds.length)),
    connections: sum(listeners.map(({ listener }) => listener.ledger.connections)),
    ...counts,
    missing: sum(audits.map(({ missing }) => missing)),
    repeated: sum(audits.map(({ repeated }) => repeated)),
    outOfOrder: sum(audits.map(({ outOfOrder }) => outOfOrder)),
    resets: sum(listeners.map(({ listener }) => listener.ledger.resets.length)),
    differences: sum(listeners.map(different)),
    problems: listeners.flatMap(({ listener }) => listener.ledger.problems),
  }
}

/** Writes at a steady rate as all users in turn; resolves with how many mutations were sent once all are answered. */
async function write(
  users: readonly string[],
  urls: readonly string[],
  random: Random,
  rate: number,
  end: number,
): Promise<number> {
  const writers = await Promise.all(
    users.map(async (user) => {
      const token = await userToken(user, '2h')
      return new Writer({ url: () => random.pick(urls), token, user, name: user })
    }),
  )
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []
  let sent = 0
  for (let next = Date.now(); Date.now() < end; next += 1_000 / rate) {
    await delay(Math.max(0, next - Date.now()))
    if (underWay.size >= MOST_AT_ONCE) await Promise.race(underWay)
    sent += 1
    const writing = random.pick(writers).write(randomWrite(random))
    const settled = writing.catch((error: unknown) => void failures.push(error)).finally(() => underWay.delete(settled))
    underWay.add(settled)
  }
  await Promise.all(underWay)
  if (failures.length > 0) throw new AggregateError(failures, 'Mutations failed.')
  return sent
}

/** The ids of each user's events, in the order of the stream, once all are published. */
async function eventsOf(servers: FeedServers, users: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await eventually(
    async () => {
      const all = await servers.postgres.query<{ id: string; user_id: string; published: boolean }>(
        `SELECT id, user_id, stream_sequence IS NOT NULL AS published FROM outbox
         WHERE user_id = ANY($1) AND entity_type IN ('TASK', 'TAG') ORDER BY stream_sequence`,
        [users],
      )
      return all.every(({ published }) => published) ? all : undefined
    },
    { withinMs: SETTLE_MS, everyMs: 200 },
  )
  const events = new Map<string, string[]>()
  for (const { id, user_id } of rows) events.set(user_id, [...(events.get(user_id) ?? []), id])
  return events
}
