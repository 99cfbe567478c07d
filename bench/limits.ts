import { startFeedBench } from './feed/sides.ts'
import { storage } from './limits/storage.ts'
import { subscribersHeld } from './limits/subscribers.ts'
import { throughput } from './limits/throughput.ts'
import { suite } from './suite.ts'

export const limits = suite({
  summary: 'the largest numbers on this machine, what gives out first, and what a task takes on disk',
  prepare: startFeedBench,
  full: {
    throughput: {
      users: 1_000,
      rates: [400, 600, 800, 1_000, 1_250, 1_500, 1_750, 2_000, 2_500, 3_000, 4_000],
      seconds: 8,
    },
    storage: { tasks: 20_000, perSecond: 600 },
    'held-sockets': { step: 1_000, most: 30_000, restSeconds: 20 },
  },
  quick: {
    throughput: { users: 20, rates: [20], seconds: 1 },
    storage: { tasks: 100, perSecond: 100 },
    'held-sockets': { step: 20, most: 40, restSeconds: 1 },
  },
  scenarios: {
    throughput,
    storage: ({ world }, size) => storage(world, size),
    // Last: it puts events on the stream that no outbox has.
    'held-sockets': subscribersHeld,
  },
})
