import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../tests/helpers/eventually.ts'
import type { Figure } from '../figures.ts'
import { failedTries } from '../ledger/recovery.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

const RATE = 60
const CALM_MS = 500
const READY_WITHIN_MS = 60_000
/** What is asked about here is what is refused or cut off, not what is slow: one gateway has the work of two meanwhile. */
const PATIENCE_MS = 20_000
/** The balancer asks four times a second. */
const ENV = { SHUTDOWN_DELAY_MS: '1500' }

/** Two gateways behind a load balancer are restarted in turn, as at the rollout of a version, while users go on. */
export function rollingRestarts(session: Session, { restarts }: { readonly restarts: number }): Promise<Outcome> {
  const options = {
    name: 'rolling',
    balanced: true,
    load: { rate: RATE, patienceMs: PATIENCE_MS },
    world: { env: ENV },
  }
  return runTrial(session, options, async ({ world, load, balancer }) => {
    const { gateways } = world.fleet
    const ready = () =>
      eventually(() => gateways.every(({ url }) => balancer?.isReady(url)), { withinMs: READY_WITHIN_MS })
    await ready()
    const before = (await load.progress()).failedQueries
    for (let restart = 0; restart < restarts; restart += 1) {
      const gateway = gateways[restart % gateways.length]
      if (gateway === undefined) throw new Error('There is no gateway.')
      await world.fleet.restart(gateway, 'SIGTERM')
      await world.fleet.ready()
      await ready()
      await delay(CALM_MS)
    }
    const failed = (await load.progress()).failedQueries
    return (witness): Figure[] => [
      { name: 'restarts', value: restarts },
      { name: 'failed tries of mutations', value: failedTries(witness), goal: { most: 0 } },
      { name: 'failed queries', value: sum(failed) - sum(before), goal: { most: 0 } },
    ]
  })
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
