import { headers, type NatsConnection } from '@nats-io/transport-node'
import type { TaskwireEvent } from '../../src/events/envelope.ts'
import { CLOUDEVENT_CONTENT_TYPE, CONTENT_TYPE_HEADER, EPOCH_HEADER } from '../../src/events/headers.ts'
import { eventSubject } from '../../src/events/subjects.ts'
import { newId } from '../../src/lib/ids.ts'
import { sampleEvent } from '../sample-event.ts'
import { titleSentNow } from './tally.ts'

/**
 * Publishes a change of a user's one task, again and again: to the stream as a relay does, so that a gateway is measured
 * and not what is in front of it, or on plain subjects outside of the stream, for a peer that knows none.
 */
export class Publisher {
  readonly #nats: NatsConnection
  readonly #root: 'events' | 'peer'
  readonly #epoch: number
  readonly #events = new Map<string, TaskwireEvent<'task.updated'>>()

  constructor(nats: NatsConnection, root: 'events' | 'peer', epoch: number) {
    this.#nats = nats
    this.#root = root
    this.#epoch = epoch
  }

  /** @param description a long one makes a large event: it stands in the state and in the changes */
  publish(userId: string, description?: string): void {
    const event = this.#next(userId, description)
    const subject = eventSubject(userId, 'TASK', event.data.entityId, 'updated')
    const header = headers()
    header.set(CONTENT_TYPE_HEADER, CLOUDEVENT_CONTENT_TYPE)
    header.set(EPOCH_HEADER, String(this.#epoch))
    header.set('Nats-Msg-Id', event.id)
    this.#nats.publish(subject.replace(/^events/, this.#root), JSON.stringify(event), { headers: header })
  }

  /** Made with `createEvent` once for each user, and told on from there: checking it each time would cost more. */
  #next(userId: string, description?: string): TaskwireEvent<'task.updated'> {
    const before = this.#events.get(userId) ?? sampleEvent(userId)
    const title = titleSentNow()
    const version = before.data.version + 1
    const next = {
      ...before,
      id: newId(),
      data: {
        ...before.data,
        version,
        state: { ...before.data.state, version, title, ...(description !== undefined && { description }) },
        changes: [
          { field: 'title', from: 'Buy milk', to: title },
          ...(description === undefined ? [] : [{ field: 'description', from: description, to: description }]),
        ],
      },
    }
    this.#events.set(userId, next)
    return next
  }
}
