import { clockSteps } from './scenarios/clock.ts'
import { clusterKills } from './scenarios/cluster.ts'
import { freezes } from './scenarios/freeze.ts'
import { fullStream } from './scenarios/full.ts'
import { kills } from './scenarios/kills.ts'
import { natsOutages } from './scenarios/nats.ts'
import { networkFaults } from './scenarios/network.ts'
import { longOutage } from './scenarios/outage.ts'
import { postgresOutages } from './scenarios/postgres.ts'
import { rollingRestarts } from './scenarios/rolling.ts'
import { soak } from './scenarios/soak.ts'
import { tour } from './scenarios/tour.ts'
import type { Outcome, Session } from './trial.ts'

/** What the command line asks for; what is absent is as each scenario has it. */
export interface Amount {
  readonly mutations: number | undefined
  readonly kills: number | undefined
  readonly minutes: number | undefined
}

export interface Scenario {
  /** What it does, for whoever looks for one. */
  readonly summary: string
  readonly run: (session: Session, amount: Amount) => Promise<Outcome>
}

/** The freeze is longer than the window in which NATS knows repeats, which is two minutes. */
const LONGER_THAN_WINDOW_MINUTES = 2.2

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  kills: {
    summary: 'processes and servers die under load (--mutations 100000 --kills 200)',
    run: (session, { mutations = 100_000, kills: count = 200 }) => kills(session, { mutations, kills: count }),
  },
  postgres: {
    summary: 'PostgreSQL ends and comes back (--kills 12)',
    run: (session, { kills: rounds = 12 }) => postgresOutages(session, { rounds }),
  },
  nats: {
    summary: 'NATS ends, freezes, or loses its store, and comes back (--kills 15)',
    run: (session, { kills: rounds = 15 }) => natsOutages(session, { rounds }),
  },
  outage: {
    summary: 'NATS is away for long (--minutes 10)',
    run: (session, { minutes = 10 }) => longOutage(session, { minutes }),
  },
  network: {
    summary: 'connections are cut, held up or forgotten (--kills 9)',
    run: (session, { kills: rounds = 9 }) => networkFaults(session, { rounds }),
  },
  full: {
    summary: 'the stream is full, and then the store that it lies in',
    run: (session) => fullStream(session),
  },
  freeze: {
    summary: 'processes freeze for long (--minutes 2.2, each)',
    run: (session, { minutes = LONGER_THAN_WINDOW_MINUTES }) => freezes(session, { seconds: minutes * 60 }),
  },
  clock: {
    summary: 'the time jumps (--kills 30)',
    run: (session, { kills: rounds = 30 }) => clockSteps(session, { rounds }),
  },
  rolling: {
    summary: 'gateways behind a load balancer restart in turn (--kills 50)',
    run: (session, { kills: restarts = 50 }) => rollingRestarts(session, { restarts }),
  },
  cluster: {
    summary: 'the leader of a NATS cluster dies (--kills 10)',
    run: (session, { kills: count = 10 }) => clusterKills(session, { kills: count }),
  },
  tour: {
    summary: 'every kind of fault, once each',
    run: (session) => tour(session),
  },
  soak: {
    summary: 'one fault after the other, for long (--minutes 60)',
    run: (session, { minutes = 60 }) => soak(session, { minutes, everySeconds: 60 }),
  },
}

/** A little of everything, for every change: about two minutes. What waits take is told and not judged there. */
export const QUICK: Readonly<Record<string, Scenario['run']>> = {
  tour: (session) => tour(session),
  rolling: (session) => rollingRestarts(session, { restarts: 2 }),
  cluster: (session) => clusterKills(session, { kills: 1 }),
}
