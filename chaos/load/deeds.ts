import { type Operation, type Payload, writes } from './operation.ts'

/** The last thing that a writer did to something of its own, which it may take back. */
export interface Deed {
  readonly eventId: string
  readonly entityId: string
  readonly type: string
  /** null where others change it, too. */
  readonly version: number | null
}

/** What is taken back, and by what. The undo of one of these may be among them. */
const UNDONE_BY: Readonly<Record<string, string>> = {
  'task.created': 'task.purged',
  'task.updated': 'task.updated',
  'task.completed': 'task.reopened',
  'task.reopened': 'task.completed',
  'task.deleted': 'task.restored',
  'task.restored': 'task.deleted',
  'tag.created': 'tag.deleted',
  'tag.updated': 'tag.updated',
  'tag.deleted': 'tag.created',
  'recurring-task.updated': 'recurring-task.updated',
  'recurring-task.paused': 'recurring-task.resumed',
  'reminder.scheduled': 'reminder.cancelled',
  'reminder.cancelled': 'reminder.updated',
  'reminder.updated': 'reminder.updated',
}
/** This one has several meanings after an undo. */
const AMBIGUOUS = 'reminder.updated'
const MOST = 60

/** What a writer could take back: of each thing only what was done to it last, so that nothing stands against it. */
export class Deeds {
  readonly #last = new Map<string, Deed>()

  get all(): readonly Deed[] {
    return [...this.#last.values()]
  }

  /** An operation is done. */
  note({ field, expects }: Operation, { eventId }: Payload): void {
    const events = expects.kind === 'events' ? expects.events : []
    this.forget(events.flatMap(({ entityId }) => entityId ?? []))
    const [event] = events
    if (events.length !== 1 || event?.entityId == null || eventId == null) return
    const { type, entityId, version } = event
    // A task from the trash is gone for ever.
    if (UNDONE_BY[type] === undefined || (field === 'undo' && type === AMBIGUOUS)) return
    this.#last.set(entityId, { eventId, entityId, type, version })
    const [oldest = ''] = this.#last.keys()
    if (this.#last.size > MOST) this.#last.delete(oldest)
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#last.delete(id)
  }
}

/**
 * @param also types of events that may come with it
 * @param learn is told the type of event that takes the deed back
 */
export function undoing(
  { eventId, entityId, type, version }: Deed,
  also: readonly string[],
  learn: (type: string) => void,
): Operation {
  const by = UNDONE_BY[type] ?? ''
  const event = { type: by, entityId, version: version === null ? null : version + 1, undoes: eventId }
  return {
    field: 'undo',
    input: { eventId },
    expects: writes([event], also),
    learn: () => learn(by),
    doubts: [entityId],
  }
}
