import { benchmark } from './benchmark.ts'
import { fanOut } from './feed/fan-out.ts'
import { latency } from './feed/latency.ts'
import { memory } from './feed/memory.ts'
import { startFeedBench } from './feed/sides.ts'
import { slowSockets } from './feed/slow-sockets.ts'

// `npm run bench:feed`: the feed of a gateway beside a plain graphql-ws and Yoga server that executes for each subscriber.

const LONGEST_DESCRIPTION = 2_000

const FULL = {
  latency: { users: 1_000, perSecond: 200, count: 3_000, rounds: 5 },
  fanOut: { subscribers: 1_000, rounds: 7, oneUserEvents: 100, manyUsersEvents: 20 },
  memory: { subscribers: 5_000, before: 200, rounds: 3 },
  slow: { users: 1, slow: 50, healthy: 25, eventsBefore: 20_000, events: 100_000, perSecond: 500 },
  slowUsers: { users: 50, slow: 50, healthy: 50, eventsBefore: 20_000, events: 100_000, perSecond: 2_000 },
}

const QUICK: typeof FULL = {
  latency: { users: 20, perSecond: 200, count: 60, rounds: 1 },
  fanOut: { subscribers: 20, rounds: 1, oneUserEvents: 10, manyUsersEvents: 5 },
  memory: { subscribers: 50, before: 10, rounds: 1 },
  slow: { users: 1, slow: 5, healthy: 5, eventsBefore: 50, events: 200, perSecond: 200 },
  slowUsers: { users: 5, slow: 5, healthy: 5, eventsBefore: 50, events: 200, perSecond: 200 },
}

await benchmark('feed', async (world, quick) => {
  const size = quick ? QUICK : FULL
  const bench = await startFeedBench(world)
  return {
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
    scenarios: {
      // First: the others put events on the stream that no outbox has.
      latency: () => latency(bench, size.latency),
      'fan-out': () => fanOut(bench, size.fanOut),
      memory: () => memory(bench, size.memory),
      'slow-sockets': () => slowSockets(bench, size.slow),
      // Nothing of what waits for them is shared, and there is much of it.
      'slow-users': () => slowSockets(bench, { ...size.slowUsers, descriptionLength: LONGEST_DESCRIPTION }),
    },
  }
})
