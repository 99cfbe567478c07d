import type { DeliveryRow, EventRow, Evidence } from './evidence.ts'
import type { Receipt } from './receipt.ts'
import type { Violation } from './violation.ts'

/** What has to come next of a reminder that was fired, by what became of its delivery. */
const AFTER: Readonly<Record<string, string>> = { SENT: 'reminder.sent', FAILED: 'reminder.failed', DROPPED: '' }
const CANCELLED = 'reminder.cancelled'

/**
 * Holds deliveries against what made them, what became of their reminders, and what was received: each firing for outside
 * has one, none is left waiting, what is SENT was taken at least once, under its own id, and nothing came that nobody sent.
 */
export function checkOutside(
  { events, deliveries }: Pick<Evidence, 'events' | 'deliveries'>,
  receipts: readonly Receipt[],
): Violation[] {
  const fired = new Map(
    events.filter(({ type, channel }) => type === 'reminder.triggered' && channel !== 'IN_APP').map((e) => [e.id, e]),
  )
  const next = new Map(events.map((event) => [`${event.entityId} ${event.version}`, event]))
  const violations = checkReceipts(deliveries, receipts)
  const known = new Set(deliveries.map(({ id }) => id))
  for (const { id, entityId } of fired.values())
    if (!known.has(id)) violations.push({ kind: 'lost', text: `the firing ${id} of ${entityId} has no delivery` })
  for (const delivery of deliveries) {
    const event = fired.get(delivery.id)
    const text = describe(delivery)
    if (event === undefined) violations.push({ kind: 'unasked', text: `${text} is of no firing` })
    else if (delivery.outcome === null) violations.push({ kind: 'lost', text: `${text} was not settled` })
    else
      violations.push(...checkOutcome(delivery, delivery.outcome, next.get(`${event.entityId} ${event.version + 1}`)))
  }
  return violations
}

function checkOutcome(delivery: DeliveryRow, outcome: string, next: EventRow | undefined): Violation[] {
  const due = AFTER[outcome]
  // It may have been cancelled while it was being sent.
  if (next !== undefined && (next.type === due || next.type === CANCELLED)) return []
  return [{ kind: 'half', text: `${describe(delivery)}, and what comes next is ${next?.type ?? 'nothing'}` }]
}

function checkReceipts(deliveries: readonly DeliveryRow[], receipts: readonly Receipt[]): Violation[] {
  const violations: Violation[] = []
  const byId = new Map(deliveries.map((delivery) => [delivery.id, delivery]))
  const targets = new Set(deliveries.map(({ target }) => target))
  for (const { deliveryId, target } of receipts) {
    const delivery = deliveryId === null ? undefined : byId.get(deliveryId)
    if (deliveryId === null ? !targets.has(target) : delivery === undefined)
      violations.push({ kind: 'unasked', text: `${target} has got ${deliveryId ?? 'something'} that nobody sent` })
    else if (delivery !== undefined && delivery.target !== target)
      violations.push({ kind: 'wrong answer', text: `${target} has got what is of ${describe(delivery)}` })
  }
  const taken = receipts.filter((receipt) => receipt.taken)
  const takenIds = new Set(taken.map(({ deliveryId }) => deliveryId))
  const takenAt = Map.groupBy(taken, ({ target }) => target)
  for (const [target, own] of Map.groupBy(deliveries, (delivery) => delivery.target)) {
    const sent = own.filter(({ outcome }) => outcome === 'SENT')
    for (const delivery of sent)
      if (delivery.channel !== 'CHAT' && !takenIds.has(delivery.id))
        violations.push({ kind: 'lost', text: `${describe(delivery)}, and was not received` })
    if ((takenAt.get(target)?.length ?? 0) < sent.length)
      violations.push({ kind: 'lost', text: `${target} has got less than the ${sent.length} that it was sent` })
  }
  return violations
}

/** How often something was received once more than it had to be. */
export function receivedAgain(receipts: readonly Receipt[]): number {
  const taken = receipts.filter(({ taken: is, deliveryId }) => is && deliveryId !== null)
  return taken.length - new Set(taken.map(({ deliveryId }) => deliveryId)).size
}

function describe({ id, channel, target, outcome }: DeliveryRow): string {
  return `the delivery ${id} by ${channel} to ${target} is ${outcome ?? 'open'}`
}
