import { fanOut } from './feed/fan-out.ts'
import { latency } from './feed/latency.ts'
import { memory } from './feed/memory.ts'
import { startFeedBench } from './feed/sides.ts'
import { slowSockets } from './feed/slow-sockets.ts'
import { WARM_UP } from './paced-rounds.ts'
import { suite } from './suite.ts'

const LONGEST_DESCRIPTION = 2_000

export const feed = suite({
  summary: 'the feed of a gateway beside a plain graphql-ws and Yoga server that executes for each subscriber',
  prepare: startFeedBench,
  full: {
    latency: { users: 1_000, warmUp: WARM_UP, perSecond: 200, count: 1_500, rounds: 4 },
    'fan-out': { subscribers: 1_000, rounds: 5, oneUserEvents: 100, manyUsersEvents: 20 },
    memory: { subscribers: 5_000, before: 200, rounds: 2 },
    'slow-sockets': { users: 1, slow: 50, healthy: 25, eventsBefore: 2_500, events: 25_000, perSecond: 500 },
    'slow-users': { users: 50, slow: 50, healthy: 50, eventsBefore: 5_000, events: 60_000, perSecond: 2_000 },
  },
  quick: {
    latency: { users: 20, warmUp: { perSecond: 200, count: 60 }, perSecond: 200, count: 60, rounds: 1 },
    'fan-out': { subscribers: 20, rounds: 1, oneUserEvents: 10, manyUsersEvents: 5 },
    memory: { subscribers: 50, before: 10, rounds: 1 },
    'slow-sockets': { users: 1, slow: 5, healthy: 5, eventsBefore: 50, events: 200, perSecond: 200 },
    'slow-users': { users: 5, slow: 5, healthy: 5, eventsBefore: 50, events: 200, perSecond: 200 },
  },
  scenarios: {
    // First: the others put events on the stream that no outbox has.
    latency,
    'fan-out': fanOut,
    memory,
    'slow-sockets': slowSockets,
    // Nothing of what waits for them is shared, and there is much of it.
    'slow-users': (bench, size) => slowSockets(bench, { ...size, descriptionLength: LONGEST_DESCRIPTION }),
  },
})
