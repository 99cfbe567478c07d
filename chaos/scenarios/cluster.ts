import { setTimeout as delay } from 'node:timers/promises'
import { NatsLink } from '../../src/infra/jetstream.ts'
import { testConfig, testLog } from '../../tests/helpers/options.ts'
import { failedTries, feedBackAfter, waitFigures } from '../ledger/recovery.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'
import { NatsCluster } from '../world/nats-cluster.ts'

const RATE = 40
const CALM_MS = 5_000
const DOWN_MS = 10_000
const FEED_WITHIN_SECONDS = 15

/** The stream is kept threefold by a cluster, and whichever member leads it is killed, again and again. */
export async function clusterKills(session: Session, { kills }: { readonly kills: number }): Promise<Outcome> {
  await using cluster = await NatsCluster.start()
  const options = { name: 'cluster', nats: cluster, load: { rate: RATE }, world: { env: { NATS_REPLICAS: '3' } } }
  return await runTrial(session, options, async () => {
    await using link = new NatsLink(testConfig({ NATS_URL: cluster.url }).nats, testLog())
    const nats = await link.ready()
    const deaths: { readonly at: number; readonly overAt: number }[] = []
    for (let kill = 0; kill < kills; kill += 1) {
      await cluster.healthy(nats)
      await delay(CALM_MS)
      const leader = await cluster.leader(nats)
      await leader.stop('SIGKILL')
      // The others go on without it.
      deaths.push({ at: Date.now(), overAt: Date.now() })
      await delay(DOWN_MS)
      await leader.start()
    }
    await cluster.healthy(nats)
    return (witness) => [
      { name: 'leaders killed', value: kills },
      { name: 'failed tries of mutations', value: failedTries(witness), goal: { most: 0 } },
      ...waitFigures('feed back after the kill within', feedBackAfter(witness, deaths), FEED_WITHIN_SECONDS),
    ]
  })
}
