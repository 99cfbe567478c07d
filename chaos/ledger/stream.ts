import type { EventRow, Evidence, StreamMessage } from './evidence.ts'
import type { Violation } from './violation.ts'

/**
 * Holds the stream against the record: it has every event, each once within an epoch and in the order of its entity's
 * versions, and each stands where the record says.
 */
export function checkStream({ events, stream }: Pick<Evidence, 'events' | 'stream'>): Violation[] {
  const known = new Map(events.map((event) => [event.id, event]))
  const violations: Violation[] = []
  for (const { sequence, eventId } of stream)
    if (!known.has(eventId))
      violations.push({ kind: 'unasked', text: `the stream has ${eventId} at ${sequence}, and the record does not` })
  for (const [epoch, messages] of Map.groupBy(stream, (message) => message.epoch))
    violations.push(...checkEpoch(epoch, messages, known))

  const at = new Map(stream.map(({ sequence, eventId }) => [sequence, eventId]))
  const there = new Set(stream.map(({ eventId }) => eventId))
  for (const { id, type, published, streamSequence } of events) {
    const text = `${type} ${id}`
    if (!published) violations.push({ kind: 'lost', text: `${text} was not published` })
    else if (!there.has(id)) violations.push({ kind: 'lost', text: `${text} is not in the stream` })
    else if (streamSequence === null || at.get(streamSequence) !== id)
      violations.push({
        kind: 'half',
        text: `${text} is to stand at ${streamSequence}, where ${at.get(streamSequence ?? 0)} does`,
      })
  }
  return violations
}

function checkEpoch(
  epoch: number,
  messages: readonly StreamMessage[],
  known: ReadonlyMap<string, EventRow>,
): Violation[] {
  const violations: Violation[] = []
  const ids = new Set<string>()
  const versions = new Map<string, number>()
  for (const { sequence, eventId } of messages) {
    const event = known.get(eventId)
    if (event === undefined) continue
    const place = `${event.type} ${event.entityId} v${event.version} at ${sequence} in epoch ${epoch}`
    if (ids.has(eventId)) violations.push({ kind: 'repeated', text: `${place} came before` })
    ids.add(eventId)
    const before = versions.get(event.entityId)
    if (before !== undefined && event.version !== before + 1)
      violations.push({ kind: 'out of order', text: `${place} comes after v${before}` })
    versions.set(event.entityId, event.version)
  }
  return violations
}
