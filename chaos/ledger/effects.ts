import { SYSTEM } from '../../src/events/envelope.ts'
import type { EventRow } from './evidence.ts'
import type { Violation } from './violation.ts'

/** After these a reminder may fire again. */
const ARMS: ReadonlySet<string> = new Set(['reminder.retried', 'reminder.updated'])

/** Holds what time and consumers have made of events against these: each effect is there once. */
export function checkEffects(events: readonly EventRow[]): Violation[] {
  return [...checkFirings(events), ...checkNotifications(events), ...checkSeries(events), ...checkUndone(events)]
}

/** A reminder fires once, unless it is armed anew. */
function checkFirings(events: readonly EventRow[]): Violation[] {
  const own = events.filter(({ entityType }) => entityType === 'REMINDER')
  return [...Map.groupBy(own, ({ entityId }) => entityId)].flatMap(([entityId, changes]): Violation[] => {
    let times = 0
    for (const { type } of changes.toSorted((a, b) => a.version - b.version))
      if (ARMS.has(type)) times = 0
      else if (type === 'reminder.triggered') {
        times += 1
        if (times > 1) return [{ kind: 'repeated', text: `the reminder ${entityId} has fired ${times} times` }]
      }
    return []
  })
}

/**
 * An event is told once at most. Those that nobody turns off are told exactly once: reminders in the app, those that could
 * not be delivered, and what the system has made.
 */
function checkNotifications(events: readonly EventRow[]): Violation[] {
  const made = events.filter(({ type }) => type === 'notification.created')
  const byCause = Map.groupBy(made, ({ causationId }) => causationId)
  const repeated = [...byCause]
    .filter(([, notifications]) => notifications.length > 1)
    .map(
      ([cause, { length }]): Violation => ({ kind: 'repeated', text: `${cause} is told in ${length} notifications` }),
    )
  const untold = events
    .filter((event) => isAlwaysTold(event) && !byCause.has(event.id))
    .map(({ type, id }): Violation => ({ kind: 'lost', text: `${type} ${id} is told in no notification` }))
  return [...repeated, ...untold]
}

function isAlwaysTold({ type, channel, actorId }: EventRow): boolean {
  if (type === 'reminder.triggered') return channel === 'IN_APP'
  return type === 'reminder.failed' || (type === 'task.created' && actorId === SYSTEM)
}

/** Each instance of a series has one successor at most: nobody here takes back what made one. */
function checkSeries(events: readonly EventRow[]): Violation[] {
  const born = events.filter(({ type, parentId }) => type === 'task.created' && parentId !== null)
  return [...Map.groupBy(born, ({ parentId }) => parentId)]
    .filter(([, children]) => children.length > 1)
    .map(([parentId, children]) => ({
      kind: 'repeated',
      text: `after ${parentId} come ${children.map(({ entityId }) => entityId).join(' and ')}`,
    }))
}

/** What was taken back cannot be taken back again. */
function checkUndone(events: readonly EventRow[]): Violation[] {
  return [...Map.groupBy(events, ({ undoes }) => undoes)]
    .filter(([undone, undos]) => undone !== null && undos.length > 1)
    .map(([undone, undos]) => ({ kind: 'repeated', text: `${undone} was taken back ${undos.length} times` }))
}
