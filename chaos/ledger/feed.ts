import type { Evidence } from './evidence.ts'
import type { ListenerRecord } from './listener.ts'
import type { Violation } from './violation.ts'

/** Compares what a client was told with what it was due. */
export function audit(
  due: readonly string[],
  told: readonly string[],
): { missing: number; repeated: number; outOfOrder: number } {
  const distinct = new Set(told)
  const places = new Map(due.map((id, index) => [id, index]))
  const order = told.map((id) => places.get(id) ?? -1)
  return {
    missing: due.filter((id) => !distinct.has(id)).length,
    repeated: told.length - distinct.size,
    outOfOrder: order.filter((place, index) => index > 0 && place < (order[index - 1] ?? 0)).length,
  }
}

/**
 * Holds what clients of the feed were told, and what they hold, against the stream and the server.
 *
 * @param mayReset something has happened for which clients have to read everything afresh
 */
export function checkFeed(
  listeners: readonly ListenerRecord[],
  { events, stream }: Pick<Evidence, 'events' | 'stream'>,
  mayReset: boolean,
): Violation[] {
  const known = new Map(events.map((event) => [event.id, event]))
  const live = stream.filter(({ refill }) => !refill)
  const places = new Map(live.map(({ sequence, eventId }) => [eventId, sequence]))
  const byUser = Map.groupBy(live, ({ eventId }) => known.get(eventId)?.userId)
  return listeners.flatMap((listener) => {
    const { userId, entityTypes, whole, resets, problems, differences, inStep } = listener
    // The last that it was told is the mark that it waited for, or later: what time brought about after that is not due.
    const last = Math.max(...(whole?.eventIds ?? []).map((id) => places.get(id) ?? 0))
    const due = (byUser.get(userId) ?? [])
      .filter(({ sequence }) => whole !== null && sequence > whole.after.sequence && sequence <= last)
      .map(({ eventId }) => eventId)
      .filter((id) => entityTypes === null || entityTypes.includes(known.get(id)?.entityType ?? ''))
    const { missing, repeated, outOfOrder } = audit(due, whole?.eventIds ?? [])
    const violations: Violation[] = []
    const add = (kind: Violation['kind'], what: string) =>
      violations.push({ kind, text: `${listener.name} of ${userId}: ${what}\n${recently(listener)}` })
    if (!inStep) add('lost', 'it has not heard of the last write')
    if (missing > 0) add('lost', `${missing} events of ${due.length} did not reach it`)
    if (repeated > 0) add('repeated', `${repeated} events reached it twice`)
    if (outOfOrder > 0) add('out of order', `${outOfOrder} events reached it out of order, or belong to nobody`)
    if (problems.length > 0) add('out of order', problems.slice(0, 5).join('\n    '))
    if (differences.length > 0) add('different', differences.slice(0, 3).join('\n    '))
    if (!mayReset && resets.length > 0) add('reset', `it was reset without need: ${resets.join(' ')}`)
    return violations
  })
}

function recently({ recent }: ListenerRecord): string {
  return `  it heard last:\n    ${recent.slice(-30).join('\n    ')}`
}
