import { SYSTEM } from '../../src/events/envelope.ts'
import type { ExpectedEvent } from '../load/operation.ts'
import type { EventRow } from './evidence.ts'
import type { MutationRecord } from './mutation.ts'
import type { Violation, ViolationKind } from './violation.ts'

/**
 * Holds what clients were answered against the events that there are: what was done is there, wholly and once; what was
 * refused has changed nothing; what nobody answered is there wholly or not at all.
 */
export function checkMutations(mutations: readonly MutationRecord[], events: readonly EventRow[]): Violation[] {
  // What consumers and the scheduler do carries the id of the request that led to it.
  const asked = events.filter(({ actorId }) => actorId !== SYSTEM)
  const byRequest = Map.groupBy(asked, ({ correlationId }) => correlationId)
  const violations = mutations.flatMap((mutation) => {
    const requests = mutation.tries.filter(({ correlationId }) => byRequest.has(correlationId))
    const written = requests.flatMap(({ correlationId }) => byRequest.get(correlationId) ?? [])
    const found = checkOne(mutation, requests.length, written)
    return found === undefined ? [] : [{ kind: found[0], text: `${found[1]}\n${describe(mutation, written)}` }]
  })
  const known = new Set(mutations.flatMap(({ tries }) => tries.map(({ correlationId }) => correlationId)))
  for (const event of asked)
    if (!known.has(event.correlationId))
      violations.push({ kind: 'unasked', text: `nobody has asked for ${JSON.stringify(event)}` })
  return violations
}

function checkOne(
  { outcome, expects, answer, tries }: MutationRecord,
  requests: number,
  written: readonly EventRow[],
): [ViolationKind, string] | undefined {
  if (requests > 1) return ['repeated', `${requests} of its tries have changed something`]
  if (expects.kind === 'refusal') {
    if (written.length > 0) return ['unasked', `${expects.code} was due, and something changed`]
    if (outcome === 'done') return ['wrong answer', `${expects.code} was due, and it was done`]
    if (outcome === 'refused' && tries.at(-1)?.came !== expects.code)
      return ['wrong answer', `${expects.code} was due, and it was refused with ${tries.at(-1)?.came}`]
    return undefined
  }
  if (outcome === 'refused') {
    const came = tries.at(-1)?.came ?? ''
    if (written.length > 0) return ['unasked', 'it was refused, and something changed']
    return expects.unless.includes(came) ? undefined : ['wrong answer', `it was refused with ${came}, and is possible`]
  }
  if (outcome === 'unknown' && written.length === 0) return undefined
  if (written.length === 0 && expects.events.length > 0)
    return ['lost', 'it was answered with success, and nothing is there']
  const mismatch = compare(expects.events, expects.also, written)
  if (mismatch !== undefined) return ['half', mismatch]
  if (answer === null) return undefined
  if (answer.count !== undefined && answer.count !== written.length)
    return ['wrong answer', `the answer tells of ${answer.count} changes, and there are ${written.length}`]
  if (written.length > 0 && answer.correlationId !== written[0]?.correlationId)
    return ['wrong answer', `the answer names the request ${answer.correlationId}`]
  const ids = new Set(written.map(({ id }) => id))
  const unknown = answer.eventIds.filter((id) => !ids.has(id))
  return unknown.length > 0
    ? ['wrong answer', `the answer names events that are not its own: ${unknown.join()}`]
    : undefined
}

/** What is missing of what was to be written, or was written beside it. */
function compare(
  expected: readonly ExpectedEvent[],
  also: readonly string[],
  written: readonly EventRow[],
): string | undefined {
  const left = [...written]
  for (const wanted of expected) {
    const index = left.findIndex((row) => fits(wanted, row))
    if (index < 0) return `there is no ${wanted.type} ${wanted.entityId ?? ''} v${wanted.version ?? '?'}`
    left.splice(index, 1)
  }
  const more = left.find(({ type }) => !also.includes(type))
  return more === undefined ? undefined : `there is ${more.type} ${more.entityId} v${more.version}, too`
}

function fits({ type, entityId, version, undoes }: ExpectedEvent, row: EventRow): boolean {
  return (
    row.type === type &&
    row.undoes === (undoes ?? null) &&
    (entityId === null || row.entityId === entityId) &&
    (version === null || row.version === version)
  )
}

function describe({ userId, field, input, key, outcome, tries }: MutationRecord, written: readonly EventRow[]): string {
  const sent = tries.map(({ correlationId, at, tookMs, came }) => {
    const time = new Date(at).toISOString().slice(11, 23)
    return `    ${time} ${correlationId} → ${came} after ${tookMs} ms`
  })
  const rows = written.map(({ type, entityId, version, correlationId, id }) => {
    return `    ${type} ${entityId} v${version}, event ${id} by ${correlationId}`
  })
  return [
    `  ${field} of ${userId}, ${key === null ? 'without a key' : `key «${key}»`}, ${outcome}: ${JSON.stringify(input)}`,
    ...sent,
    '  written:',
    ...(rows.length > 0 ? rows : ['    nothing']),
  ].join('\n')
}
