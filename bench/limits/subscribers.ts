import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from '../child.ts'
import { monotonicMs } from '../clock.ts'
import { FEED } from '../feed/document.ts'
import type { FeedBench } from '../feed/sides.ts'
import type { Row } from '../report.ts'
import { tokensFor } from '../world.ts'
import { watchBusy } from './busy.ts'

export interface HeldOptions {
  /** So many are opened at once; the largest number is known as exactly as that. */
  readonly step: number
  readonly most: number
  readonly restSeconds: number
}

/**
 * Two processes with an address each: neither descriptors nor ports (28,000 for an address by default) of those who
 * subscribe give out before the gateway does.
 */
const ADDRESSES = ['127.0.0.2', '127.0.0.3']
const OPEN_WITHIN_MS = 60_000
const BYTES_PER_MEBIBYTE = 2 ** 20

interface Group {
  readonly name: string
  readonly helper: Child
  readonly users: readonly string[]
}

/** How many subscribers one gateway holds, each another user's, until one more step is too much for something. */
export async function subscribersHeld(bench: FeedBench, { step, most, restSeconds }: HeldOptions): Promise<Row[]> {
  const gateway = await bench.ours.start()
  const helpers = ADDRESSES.map((address) => ({ address, helper: bench.world.helper('bench/feed/subscribers.ts') }))
  const groups: Group[] = []
  const before = await gateway.process.ask('settledUsage')
  const begun = monotonicMs()
  let openedAt = begun
  let gaveOut: string | undefined
  while (groups.length * step < most) {
    const { address, helper } = helpers[groups.length % helpers.length] ?? {}
    if (helper === undefined || address === undefined) break
    const name = `held-${groups.length}`
    const users = Array.from({ length: step }, (_, index) => `${name}-${index}`)
    const tokens = await tokensFor(users)
    const opened = helper.ask('open', {
      group: name,
      port: gateway.port,
      tokens,
      document: FEED,
      localAddress: address,
    })
    gaveOut = await outcomeOf(opened, gateway.process, step)
    if (gaveOut !== undefined) break
    groups.push({ name, helper, users })
    openedAt = monotonicMs()
  }
  const held = groups.length * step
  const rows: Row[] = [
    {
      work: "subscribers that one gateway holds, each another user's",
      unit: '',
      ours: [held],
      note: gaveOut === undefined ? 'nothing gave out, and no more were tried' : `then gave out ${gaveOut}`,
    },
    { work: 'opening them: subscriptions', unit: '/s', ours: [held / ((openedAt - begun) / 1_000)] },
  ]
  if (gateway.process.running)
    rows.push(...(await whileHeld(bench, gateway.process, groups, restSeconds, before.rssBytes)))
  for (const { helper } of helpers) await helper.stop()
  await gateway.process.stop()
  return rows
}

/** What they cost, and how long an event for each of them takes. */
async function whileHeld(
  { ours }: FeedBench,
  gateway: Child,
  groups: readonly Group[],
  restSeconds: number,
  bytesBefore: number,
): Promise<Row[]> {
  const held = groups.reduce((sum, { users }) => sum + users.length, 0)
  for (const { helper, name } of groups) await helper.ask('begin', { group: name })
  const begun = monotonicMs()
  for (const { users } of groups) for (const user of users) ours.publisher.publish(user)
  const arrivals = groups.map(({ helper, name, users }) =>
    helper.ask('reached', { group: name, deliveries: users.length }),
  )
  const last = Math.max(...(await Promise.all(arrivals)).map(({ atMs }) => atMs))
  const { rssBytes } = await gateway.ask('settledUsage')
  const rest = await watchBusy({ gateway })
  await delay(restSeconds * 1_000)
  const busy = await rest()
  const work = `with ${held.toLocaleString('en')} subscribers`
  return [
    { work: `${work}: an event for each of them, until the last has it`, unit: 's', ours: [(last - begun) / 1_000] },
    { work: `${work}: resident memory of the gateway`, unit: 'MiB', ours: [rssBytes / BYTES_PER_MEBIBYTE] },
    { work: `${work}: that is, for each`, unit: 'KiB', ours: [(rssBytes - bytesBefore) / held / 1_024] },
    { work: `${work}: the gateway at rest`, unit: 'of a core', ours: [busy.processes.get('gateway') ?? Number.NaN] },
  ]
}

/** @returns what gave out; undefined where all could subscribe */
async function outcomeOf(opened: Promise<unknown>, gateway: Child, step: number): Promise<string | undefined> {
  const late = new AbortController()
  try {
    const words = `the processors: opening took more than ${OPEN_WITHIN_MS / 1_000} s`
    return await Promise.race([opened.then(() => undefined), delay(OPEN_WITHIN_MS, words, { signal: late.signal })])
  } catch (error) {
    if (!gateway.running) return `the process itself, which has ended: ${gateway.output.slice(-200)}`
    const { open, most } = await gateway.ask('descriptors')
    // Those of the step are closed again, or about to be.
    if (open + step > most) return `the descriptors, of which a process may have ${most.toLocaleString('en')}`
    return `something else: ${error instanceof Error ? error.message : String(error)}`
  } finally {
    late.abort()
  }
}
