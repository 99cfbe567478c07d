import { suite, worldAlone } from './suite.ts'
import { burst } from './time/burst.ts'
import { kills } from './time/kills.ts'
import { lateness } from './time/lateness.ts'
import { scan } from './time/scan.ts'

export const time = suite({
  summary: 'reminders that wait, that come due all at once, and one by one; and workers that are killed',
  apart: true,
  prepare: worldAlone,
  full: {
    scan: { waiting: 1_000_000, few: 1_000, polls: 200, rounds: 5 },
    burst: { count: 10_000, rounds: 3 },
    lateness: { perSecond: 50, seconds: 30 },
    kills: { count: 10_000, overSeconds: 60, workers: 3, killEverySeconds: 2, completed: 1_000, moved: 1_000 },
  },
  quick: {
    scan: { waiting: 2_000, few: 100, polls: 20, rounds: 1 },
    burst: { count: 300, rounds: 1 },
    lateness: { perSecond: 50, seconds: 2 },
    kills: { count: 300, overSeconds: 4, workers: 3, killEverySeconds: 2, completed: 30, moved: 30 },
  },
  scenarios: {
    // First: what it leaves waiting is there for the others, too.
    scan: ({ world }, size) => scan(world, size),
    burst: ({ world }, size) => burst(world, size),
    lateness: ({ world }, size) => lateness(world, size),
    kills: ({ world }, size) => kills(world, size),
  },
})
