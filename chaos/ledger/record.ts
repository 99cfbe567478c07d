import type { EventRow, Evidence } from './evidence.ts'
import type { Violation } from './violation.ts'

const GONE: ReadonlySet<string> = new Set(['task.purged', 'conversation.deleted'])

/** Holds the events of the record against the tables, the audit trail and one another. */
export function checkRecord({ events, audited, untrue, entities, miscounted, deadLetters }: Evidence): Violation[] {
  return [
    ...checkVersions(events),
    ...checkTables(events, entities),
    ...checkAudit(events, audited, untrue),
    ...miscounted.map((id): Violation => ({ kind: 'half', text: `${id} has another number of messages` })),
    ...deadLetters.map((text): Violation => ({ kind: 'dead letter', text })),
  ]
}

/** Each entity has each version once, from the first on. */
function checkVersions(events: readonly EventRow[]): Violation[] {
  const violations: Violation[] = []
  for (const [entityId, own] of Map.groupBy(events, (event) => event.entityId)) {
    const versions = own.map(({ version }) => version).toSorted((a, b) => a - b)
    if (new Set(versions).size < versions.length)
      violations.push({ kind: 'repeated', text: `${entityId} has the versions ${versions.join(' ')}` })
    else if (versions.at(-1) !== versions.length)
      violations.push({ kind: 'lost', text: `${entityId} has only the versions ${versions.join(' ')}` })
  }
  return violations
}

/** A change and its event are one: the row has the version of the last event, and is gone after what removes it. */
function checkTables(events: readonly EventRow[], entities: Evidence['entities']): Violation[] {
  const rows = new Map(entities.map(({ entityId, version }) => [entityId, version]))
  const gone = new Set(events.filter(({ type }) => type === 'conversation.deleted').map(({ entityId }) => entityId))
  const violations: Violation[] = []
  for (const [entityId, own] of Map.groupBy(events, (event) => event.entityId)) {
    const last = own.reduce((a, b) => (b.version > a.version ? b : a))
    const is = rows.get(entityId)
    rows.delete(entityId)
    const due = GONE.has(last.type) || gone.has(last.sessionId ?? '') ? undefined : last.version
    if (is !== due)
      violations.push({
        kind: 'half',
        text: `${entityId} is at ${is}, and its last event is ${last.type} v${last.version}`,
      })
  }
  for (const [entityId, version] of rows)
    violations.push({ kind: 'half', text: `${entityId} is at ${version}, and no event tells of it` })
  return violations
}

/** Each event has one entry, and no entry is without its event. */
function checkAudit(events: readonly EventRow[], audited: readonly string[], untrue: readonly string[]): Violation[] {
  const entries = new Map<string, number>()
  for (const id of audited) entries.set(id, (entries.get(id) ?? 0) + 1)
  const violations = untrue.map(
    (id): Violation => ({ kind: 'wrong answer', text: `the audit entry of ${id} is another` }),
  )
  for (const { id, type } of events) {
    const count = entries.get(id) ?? 0
    entries.delete(id)
    if (count === 0) violations.push({ kind: 'lost', text: `${type} ${id} has no audit entry` })
    if (count > 1) violations.push({ kind: 'repeated', text: `${type} ${id} has ${count} audit entries` })
  }
  for (const id of entries.keys())
    violations.push({ kind: 'unasked', text: `there is an audit entry of ${id}, and no such event` })
  return violations
}
