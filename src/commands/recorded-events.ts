import type { Tx } from '../entities/tables.ts'
import { createEvent, type EventOrigin, type NewEvent, type TaskwireEvent } from '../events/envelope.ts'
import type { EventType } from '../events/types.ts'
import { newId } from '../lib/ids.ts'
import { type AppendedEvent, insertEvents } from '../outbox/append.ts'

/** What went out with the end of its transaction. */
interface Sent {
  readonly events: readonly TaskwireEvent[]
  readonly places: Promise<readonly { readonly seq: number }[]>
}

/** What happened, as a domain's change says. */
export type Happened<Type extends EventType = EventType> = Omit<NewEvent<Type>, 'id' | 'time'>

/** The events of one transaction, on their way to the outbox. */
export class RecordedEvents {
  readonly #publicUrl: string
  #waiting: TaskwireEvent[] = []
  #count = 0
  #sent: Sent | undefined

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl
  }

  /** How many there are, written or not. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds one to those that are written next; answers with its id. Its time is the state's `updatedAt`, which never goes
   * back, as a transaction's `now` may.
   */
  record<Type extends EventType>(event: Happened<Type>, origin: EventOrigin): string {
    const id = newId()
    const time = new Date(event.state.updatedAt)
    this.#waiting.push(createEvent({ ...event, id, time }, origin, this.#publicUrl))
    this.#count += 1
    return id
  }

  /** Forgets what was recorded since there were so many, none of which is written yet. */
  takeBack(count: number): void {
    this.#waiting.splice(this.#waiting.length - (this.#count - count))
    this.#count = count
  }

  /** Writes those that are not written yet, in their order, before whatever comes next in the transaction. */
  async append(tx: Pick<Tx, 'request'>): Promise<void> {
    const events = this.#take()
    if (events.length > 0) await tx.request(insertEvents(events))
  }

  /** The same without waiting, for the end of the transaction. */
  send(tx: Pick<Tx, 'request'>): void {
    const events = this.#take()
    if (events.length > 0) this.#sent = { events, places: tx.request(insertEvents(events)) }
  }

  /**
   * Of a transaction that is committed: its events with their places. Of one that has written some before its end, none:
   * they may be more than memory should hold.
   */
  async appended(): Promise<readonly AppendedEvent[]> {
    if (this.#sent?.events.length !== this.#count) return []
    const { events, places } = this.#sent
    const rows = await places
    return rows.flatMap(({ seq }, index) => {
      const event = events[index]
      return event === undefined ? [] : [{ seq, event }]
    })
  }

  #take(): readonly TaskwireEvent[] {
    const events = this.#waiting
    this.#waiting = []
    return events
  }
}
