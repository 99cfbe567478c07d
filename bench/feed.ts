import { benchmark } from './benchmark.ts'
import { fanOut } from './feed/fan-out.ts'
import { latency } from './feed/latency.ts'
import { memory } from './feed/memory.ts'
import { startFeedBench } from './feed/sides.ts'
import { slowSockets } from './feed/slow-sockets.ts'

// `npm run bench:feed`: the feed of a gateway beside a plain graphql-ws and Yoga server that executes for each subscriber.

await benchmark('feed', async (world) => {
  const bench = await startFeedBench(world)
  return {
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
    scenarios: {
      // First: the others put events on the stream that no outbox has.
      latency: (quick) =>
        latency(
          bench,
          quick
            ? { users: 20, perSecond: 200, count: 60, rounds: 1 }
            : { users: 1_000, perSecond: 200, count: 3_000, rounds: 5 },
        ),
      'fan-out': (quick) =>
        fanOut(
          bench,
          quick
            ? { subscribers: 20, rounds: 1, oneUserEvents: 10, manyUsersEvents: 5 }
            : { subscribers: 1_000, rounds: 7, oneUserEvents: 100, manyUsersEvents: 20 },
        ),
      memory: (quick) =>
        memory(
          bench,
          quick ? { subscribers: 50, before: 10, rounds: 1 } : { subscribers: 5_000, before: 200, rounds: 3 },
        ),
      'slow-sockets': (quick) =>
        slowSockets(
          bench,
          quick
            ? { slow: 5, healthy: 5, eventsBefore: 50, events: 200, perSecond: 200 }
            : { slow: 50, healthy: 25, eventsBefore: 20_000, events: 100_000, perSecond: 500 },
        ),
    },
  }
})
