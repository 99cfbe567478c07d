import type { JsMsg } from '@nats-io/jetstream'
import { NewerEventError, parseEvent, type TaskwireEvent } from '../../events/envelope.ts'
import type { Failure } from './dead-letters.ts'

/** A message and the event that it holds. */
export interface EventMessage {
  readonly message: JsMsg
  readonly event: TaskwireEvent
}

/** A message that cannot be handled here and now, and why. */
export interface OtherMessage {
  readonly message: JsMsg
  readonly error: Error
}

export interface SortedMessages {
  readonly events: readonly EventMessage[]
  /** Of a type or version that only a newer program knows. */
  readonly newer: readonly OtherMessage[]
  /** No event at all: no try can help. */
  readonly invalid: readonly OtherMessage[]
}

export function sortMessages(messages: readonly JsMsg[]): SortedMessages {
  const events: EventMessage[] = []
  const newer: OtherMessage[] = []
  const invalid: OtherMessage[] = []
  for (const message of messages) {
    try {
      events.push({ message, event: parseEvent(message.string()) })
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      if (error instanceof NewerEventError) newer.push({ message, error })
      else invalid.push({ message, error })
    }
  }
  return { events, newer, invalid }
}

/** What is kept of a message that failed. */
export function failureOf(consumer: string, message: JsMsg, event: TaskwireEvent | undefined, error: unknown): Failure {
  const headers = Object.fromEntries(message.headers ?? [])
  return {
    consumer,
    messageId: event?.id ?? headers['Nats-Msg-Id']?.[0] ?? String(message.seq),
    eventType: event?.type,
    subject: message.subject,
    streamSequence: message.seq,
    headers,
    body: message.string(),
    error,
  }
}
