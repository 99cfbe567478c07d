import type { Figure } from '../figures.ts'
import type { Evidence } from './evidence.ts'
import { checkEffects } from './effects.ts'
import { checkFeed } from './feed.ts'
import type { ListenerRecord } from './listener.ts'
import { checkMutations } from './mutations.ts'
import type { MutationRecord } from './mutation.ts'
import { checkOutside, receivedAgain } from './outside.ts'
import type { Receipt } from './receipt.ts'
import { checkRecord } from './record.ts'
import { checkStream } from './stream.ts'
import type { Violation, ViolationKind } from './violation.ts'

/** What clients, and those who take what is delivered, saw. */
export interface Witness {
  readonly mutations: readonly MutationRecord[]
  readonly listeners: readonly ListenerRecord[]
  readonly receipts: readonly Receipt[]
}

/** @param mayReset something has happened for which clients have to read everything afresh */
export function check(witness: Witness, evidence: Evidence, mayReset: boolean): Violation[] {
  const { mutations, listeners, receipts } = witness
  return [
    ...checkMutations(mutations, evidence.events),
    ...checkRecord(evidence),
    ...checkEffects(evidence.events),
    ...checkOutside(evidence, receipts),
    ...checkStream(evidence),
    ...checkFeed(listeners, evidence, mayReset),
  ]
}

/** No fault outside may come to light as one of our own. */
const INTERNAL = 'INTERNAL_SERVER_ERROR'
/** All of them are to be 0. */
const KINDS: readonly ViolationKind[] = [
  'lost',
  'half',
  'repeated',
  'out of order',
  'unasked',
  'wrong answer',
  'different',
  'reset',
  'dead letter',
]

/** What was looked at, and how much of it was not as promised. */
export function ledgerFigures(
  { mutations, listeners, receipts }: Witness,
  { events, deliveries }: Evidence,
  violations: readonly Violation[],
): Figure[] {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  const tries = mutations.flatMap((mutation) => mutation.tries)
  const violated = KINDS.map((kind): Figure => {
    return { name: kind, value: violations.filter((violation) => violation.kind === kind).length, goal: { most: 0 } }
  })
  return [
    { name: 'mutations', value: mutations.length },
    { name: 'tries', value: tries.length },
    {
      name: 'mutations whose outcome no client knows',
      value: mutations.filter(({ outcome }) => outcome === 'unknown').length,
    },
    {
      name: INTERNAL,
      value: tries.filter(({ came, trouble }) => came === INTERNAL || trouble === INTERNAL).length,
      goal: { most: 0 },
    },
    { name: 'events', value: events.length },
    { name: 'deliveries', value: deliveries.length },
    { name: 'received once more', value: receivedAgain(receipts) },
    { name: 'events told to clients', value: sum(listeners.map(({ told }) => told)) },
    { name: 'connections of clients', value: sum(listeners.map(({ connections }) => connections)) },
    { name: 'clients that read afresh', value: sum(listeners.map(({ resets }) => resets.length)) },
    ...violated,
  ]
}
