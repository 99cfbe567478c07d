import { benchmark } from './benchmark.ts'
import { audit } from './spine/audit.ts'
import { consumer } from './spine/consumer.ts'
import { spineLatency } from './spine/latency.ts'
import { mutations } from './spine/mutations.ts'
import { reads } from './spine/reads.ts'
import { relay } from './spine/relay.ts'

// `npm run bench:spine`: a mutation's way to its SyncEvent, and the rates of mutations and reads, each beside what the
// same work costs at least.

const FULL = {
  latency: { perSecond: 200, count: 3_000, rounds: 5 },
  mutations: { rounds: 7, seconds: 6 },
  reads: { rounds: 7, seconds: 6, users: 100, tasksOfUser: 100 },
  relay: { events: 30_000, rounds: 5 },
  consumer: { perSecond: 200, count: 3_000, rounds: 5 },
  audit: { events: 30_000, rounds: 5 },
}

const QUICK: typeof FULL = {
  latency: { perSecond: 200, count: 60, rounds: 1 },
  mutations: { rounds: 1, seconds: 1 },
  reads: { rounds: 1, seconds: 1, users: 10, tasksOfUser: 100 },
  relay: { events: 2_000, rounds: 1 },
  consumer: { perSecond: 200, count: 60, rounds: 1 },
  audit: { events: 2_000, rounds: 1 },
}

await benchmark('spine', async (world, quick) => {
  const size = quick ? QUICK : FULL
  return {
    [Symbol.asyncDispose]: async () => {},
    scenarios: {
      latency: () => spineLatency(world, size.latency),
      mutations: () => mutations(world, size.mutations),
      reads: () => reads(world, size.reads),
      consumer: () => consumer(world, size.consumer),
      relay: () => relay(world, size.relay),
      // Last: it puts events on the stream that no outbox has.
      audit: () => audit(world, size.audit),
    },
  }
})
