import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Nats, NatsLink } from '../src/infra/jetstream.ts'
import type { TestDatabase } from '../tests/helpers/database.ts'
import { startNats } from '../tests/helpers/nats.ts'
import { testConfig, testLog } from '../tests/helpers/options.ts'
import { Strikes } from './faults/strikes.ts'
import type { Figure } from './figures.ts'
import { check, ledgerFigures, type Witness } from './ledger/check.ts'
import { collectEvidence, type Evidence } from './ledger/evidence.ts'
import { comeToRest } from './ledger/rest.ts'
import type { Violation } from './ledger/violation.ts'
import { Load } from './load/load.ts'
import type { LoadOptions } from './load/protocol.ts'
import { Balancer } from './world/balancer.ts'
import { Outside } from './world/outside.ts'
import type { PostgresServer } from './world/postgres-server.ts'
import { World, type WorldOptions } from './world/world.ts'

/** What all scenarios of a run share. */
export interface Session {
  readonly postgres: PostgresServer
  /** Where logs and journals go. */
  readonly directory: string
  readonly seed: number
  /** Whether waits are held against what they may take: a machine that does other things meanwhile says nothing of them. */
  readonly timed: boolean
  readonly say: (text: string) => void
}

export interface TrialOptions {
  readonly name: string
  readonly load: Partial<LoadOptions>
  readonly world?: Partial<WorldOptions>
  /** Clients reach the gateways through a load balancer. */
  readonly balanced?: boolean
  /** A NATS that is the scenario's own; otherwise there is one server, which the strikes may hit. */
  readonly nats?: WorldOptions['nats'] & { heal(): Promise<void> }
  /** Something that is not among the strikes may have lost events. */
  readonly mayReset?: boolean
}

/** A world under load. */
export interface Trial {
  readonly world: World
  readonly load: Load
  readonly strikes: Strikes
  readonly balancer: Balancer | undefined
}

export interface Outcome {
  readonly figures: readonly Figure[]
  readonly violations: readonly Violation[]
  /** Where its logs and journals are. */
  readonly directory: string
}

/** What a scenario does to the world, and what it then reads off from what clients saw. */
export type Act = (trial: Trial) => Promise<(witness: Witness) => readonly Figure[]>

const LOAD = { users: 6, writersPerUser: 3, mirrorsPerUser: 2, tailsPerUser: 1, mutations: Number.MAX_SAFE_INTEGER }
/** Less than the server takes for a statement: clients are impatient. */
const PATIENCE_MS = 5_000
const REST_WITHIN_MS = 180_000

/**
 * Starts a world with load on it, lets a scenario act, heals everything, waits until all effects are there, and holds what
 * clients were told against what is left.
 */
export async function runTrial(session: Session, options: TrialOptions, act: Act): Promise<Outcome> {
  const { postgres, seed, say } = session
  const directory = join(session.directory, options.name)
  await mkdir(directory, { recursive: true })
  await using resources = new AsyncDisposableStack()
  const single = options.nats === undefined ? resources.use(await startNats()) : undefined
  const nats = options.nats ?? single
  if (nats === undefined) throw new Error('There is no NATS.')
  const outside = resources.use(await Outside.start())
  const env = { ...outside.env, ...options.world?.env }
  const world = resources.use(await World.start({ postgres, nats, directory, ...options.world, env }))
  const strikes = resources.use(new Strikes(world, single))
  const balancer = options.balanced
    ? resources.use(await Balancer.start(world.fleet.gateways.map(({ url }) => url)))
    : undefined
  const urls = balancer === undefined ? world.urls : [balancer.url]
  // The database is to be there for its end.
  resources.defer(() => postgres.restart())
  const load = resources.use(
    await Load.start({
      seed,
      urls,
      outsideUrl: outside.url,
      patienceMs: PATIENCE_MS,
      directory,
      ...LOAD,
      ...options.load,
    }),
  )
  await load.begin()
  const read = await act({ world, load, strikes, balancer })
  await load.stop()
  await options.nats?.heal()
  await strikes.heal()
  const restMs = await comeToRest(world.database, REST_WITHIN_MS)
  const { queries, failedQueries } = await load.progress()
  const told = await load.settle()
  const link = resources.use(new NatsLink(testConfig({ NATS_URL: world.natsUrl }).nats, testLog()))
  const evidence = await evidenceAtRest(world.database, await link.ready())
  const witness = { ...told, receipts: outside.receipts() }
  const violations = check(witness, evidence, strikes.lostEvents || options.mayReset === true)
  await writeFile(join(directory, 'faults.txt'), `${strikes.describe()}\n`)
  if (violations.length > 0) {
    await writeFile(
      join(directory, 'violations.txt'),
      violations.map(({ kind, text }) => `${kind}: ${text}\n`).join('\n'),
    )
    say(world.fleet.output())
  }
  const figures: Figure[] = [
    ...read(witness),
    ...ledgerFigures(witness, evidence, violations),
    { name: 'queries', value: queries },
    { name: 'queries without an answer', value: Object.values(failedQueries).reduce((sum, count) => sum + count, 0) },
    { name: 'everything at rest after', value: restMs / 1_000, unit: 's' },
  ]
  return { directory, violations, figures: session.timed ? figures : figures.map(unjudgedWait) }
}

/**
 * What time brings about may come at any moment: where there was an event more when it was collected than before it was seen
 * to be at rest, or there is one now, all of it is looked at again.
 */
async function evidenceAtRest(database: TestDatabase, nats: Nats): Promise<Evidence> {
  for (;;) {
    const before = await countEvents(database)
    await comeToRest(database, REST_WITHIN_MS)
    const evidence = await collectEvidence(database, nats)
    const after = await countEvents(database)
    if (before === evidence.events.length && after === before) return evidence
  }
}

async function countEvents(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ count: string }>('SELECT count(*) FROM outbox')
  return Number(row?.count)
}

function unjudgedWait({ name, value, unit, goal }: Figure): Figure {
  return { name, value, ...(unit !== undefined && { unit }), ...(goal !== undefined && unit !== 's' && { goal }) }
}
