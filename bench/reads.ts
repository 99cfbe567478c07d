import { besidePeers, growth } from './reads/comparisons.ts'
import { startReadsBench } from './reads/bench.ts'
import { suite } from './suite.ts'

const ROUNDS = { rounds: 5, seconds: 4, warmUpSeconds: 20 }
const QUICK_ROUNDS = { rounds: 1, seconds: 1, warmUpSeconds: 1 }

export const reads = suite({
  summary:
    'a page of tasks beside PostGraphile 5, of 100,000 and of 1,000,000, and how much slower the latter is than 10,000',
  prepare: startReadsBench,
  full: {
    'some-tasks': { tasks: 100_000, rounds: ROUNDS },
    'many-tasks': { many: 1_000_000, few: 10_000, rounds: ROUNDS },
  },
  quick: {
    'some-tasks': { tasks: 1_000, rounds: QUICK_ROUNDS },
    'many-tasks': { many: 2_000, few: 1_000, rounds: QUICK_ROUNDS },
  },
  scenarios: { 'some-tasks': besidePeers, 'many-tasks': growth },
})
