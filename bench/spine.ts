import { WARM_UP } from './paced-rounds.ts'
import { audit } from './spine/audit.ts'
import { consumer } from './spine/consumer.ts'
import { spineLatency } from './spine/latency.ts'
import { mutations } from './spine/mutations.ts'
import { relay } from './spine/relay.ts'
import { suite, worldAlone } from './suite.ts'

export const spine = suite({
  summary: 'mutations, and the ways of their events, each beside what the same work costs at least',
  prepare: worldAlone,
  full: {
    latency: { warmUp: WARM_UP, perSecond: 200, count: 1_500, rounds: 4 },
    mutations: { rounds: 5, seconds: 5, warmUpSeconds: 8 },
    consumer: { warmUp: WARM_UP, perSecond: 200, count: 1_500, rounds: 4 },
    relay: { events: 30_000, rounds: 5 },
    audit: { events: 30_000, rounds: 5 },
  },
  quick: {
    latency: { warmUp: { perSecond: 200, count: 60 }, perSecond: 200, count: 60, rounds: 1 },
    mutations: { rounds: 1, seconds: 1, warmUpSeconds: 1 },
    consumer: { warmUp: { perSecond: 200, count: 60 }, perSecond: 200, count: 60, rounds: 1 },
    relay: { events: 2_000, rounds: 1 },
    audit: { events: 2_000, rounds: 1 },
  },
  scenarios: {
    latency: ({ world }, size) => spineLatency(world, size),
    mutations: ({ world }, size) => mutations(world, size),
    consumer: ({ world }, size) => consumer(world, size),
    relay: ({ world }, size) => relay(world, size),
    // Last: it puts events on the stream that no outbox has.
    audit: ({ world }, size) => audit(world, size),
  },
})
