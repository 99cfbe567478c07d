import { setTimeout as delay } from 'node:timers/promises'
import { answer } from '../answering.ts'
import type { OpenOptions } from '../questions.ts'
import { FeedSocket } from './socket.ts'
import { Tally } from './tally.ts'

// The subscribers of a benchmark, in a process of their own: groups of sockets, and what they have seen.

const OPENING_AT_ONCE = 50
const QUIET_MS = 500

interface Group {
  readonly tally: Tally
  readonly sockets: FeedSocket[]
}

const groups = new Map<string, Group>()

function groupOf(name: string): Group {
  const group = groups.get(name)
  if (group === undefined) throw new Error(`There is no group ${name}.`)
  return group
}

/** @throws where one of them cannot subscribe; then none of the group is left open */
async function open({ group: name, tokens, ...where }: OpenOptions): Promise<undefined> {
  const tally = new Tally()
  const group: Group = { tally, sockets: [] }
  groups.set(name, group)
  const waiting = tokens.values()
  let failed = false
  const openSome = async () => {
    // All of them take from the one iterator.
    for (const token of waiting) {
      if (failed) return
      group.sockets.push(
        await FeedSocket.open({
          ...where,
          token,
          event: (message) => tally.event(message),
          reset: () => tally.reset(),
          closed: (code) => tally.closed(code),
        }).catch((error: unknown) => {
          failed = true
          throw error
        }),
      )
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: OPENING_AT_ONCE }, openSome))
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') {
      close(name)
      throw outcome.reason
    }
  return undefined
}

function close(name: string): void {
  for (const socket of groupOf(name).sockets) socket.close()
  groups.delete(name)
}

async function readOn(group: Group): Promise<undefined> {
  for (const socket of group.sockets) socket.readOn()
  for (let before = -1; before !== group.tally.seen.deliveries; await delay(QUIET_MS))
    before = group.tally.seen.deliveries
  return undefined
}

answer('open', open)
answer('begin', ({ group, keepArrivals }) => {
  groupOf(group).tally.begin(keepArrivals ?? false)
  return undefined
})
answer('reached', ({ group, deliveries }) => groupOf(group).tally.reached(deliveries))
answer('seen', ({ group }) => groupOf(group).tally.seen)
answer('stopReading', ({ group }) => {
  for (const socket of groupOf(group).sockets) socket.stopReading()
  return undefined
})
answer('readOn', ({ group }) => readOn(groupOf(group)))
answer('close', ({ group }) => {
  close(group)
  return undefined
})

// The channel to the parent does not keep a process alive; without sockets nothing else would.
setInterval(() => undefined, 60_000)
