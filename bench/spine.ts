import { benchmark } from './benchmark.ts'
import { spineLatency } from './spine/latency.ts'
import { mutations } from './spine/mutations.ts'
import { reads } from './spine/reads.ts'

// `npm run bench:spine`: a mutation's way to its SyncEvent, and the rates of mutations and reads, each beside what the
// same work costs at least.

await benchmark('spine', async (world) => ({
  [Symbol.asyncDispose]: async () => {},
  scenarios: {
    latency: (quick) =>
      spineLatency(
        world,
        quick ? { perSecond: 200, count: 60, rounds: 1 } : { perSecond: 200, count: 3_000, rounds: 5 },
      ),
    mutations: (quick) => mutations(world, quick ? { rounds: 1, seconds: 1 } : { rounds: 7, seconds: 6 }),
    reads: (quick) =>
      reads(
        world,
        quick
          ? { rounds: 1, seconds: 1, users: 10, tasksOfUser: 100 }
          : { rounds: 7, seconds: 6, users: 100, tasksOfUser: 100 },
      ),
  },
}))
