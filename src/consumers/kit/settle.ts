import type { JsMsg } from '@nats-io/jetstream'
import type { TaskwireDatabase } from '../../entities/tables.ts'
import type { TaskwireEvent } from '../../events/envelope.ts'
import { isDatabaseUnavailable } from '../../infra/database.ts'
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/telemetry.ts'
import { recordFailure } from './dead-letters.ts'
import type { Effects } from './effects.ts'
import { type EventMessage, failureOf, type OtherMessage, sortMessages } from './message.ts'

export interface SettleOptions {
  /** The durable's name. */
  readonly consumer: string
  readonly effects: Effects
  readonly database: TaskwireDatabase
  readonly log: Log
  readonly metrics: Metrics
  /** How often an event may fail for itself before it is given up. */
  readonly tries: number
  /** How long until the next try, after so many. */
  readonly retryDelayMs: (tries: number) => number
  /** How long until an event of a newer version is looked at again. */
  readonly newerDelayMs: number
  /** Runs work on the database until the database takes it. Rejects with what is the work's own fault. */
  readonly throughOutages: <T>(work: () => Promise<T>) => Promise<T>
}

/**
 * Settles the messages of a durable, each in one of these ways:
 *
 *   handled, repeated   its effect was had, now or before: acked after the commit
 *   failed              a try failed: counted, put back with a delay
 *   dead                the last try failed, or it is no event: a dead letter, acked after the commit
 *   newer               of a version that this program does not know: put back with a delay, no try
 *
 * An outage of the database is waited out and is none of these.
 */
export class Settler {
  readonly #options: SettleOptions
  readonly #newerTypes = new Set<string>()

  constructor(options: SettleOptions) {
    this.#options = options
  }

  async settle(messages: readonly JsMsg[]): Promise<void> {
    const { events, newer, invalid } = sortMessages(messages)
    for (const each of newer) this.#putBack(each)
    for (const { message, error } of invalid) await this.#fail(message, undefined, error)
    if (events.length > 0) await this.#handle(events)
  }

  /** All at once; where that fails one by one, so that one that fails takes no others with it. */
  async #handle(messages: readonly EventMessage[]): Promise<void> {
    const { log } = this.#options
    const outcome = await this.#handleOnce(messages)
    if ('error' in outcome) {
      const [only] = messages
      if (messages.length === 1 && only !== undefined) return this.#fail(only.message, only.event, outcome.error)
      log.warn({ err: outcome.error, count: messages.length }, 'a batch failed, taking its events one by one')
      for (const message of messages) await this.#handle([message])
      return
    }
    this.#count('handled', outcome.fresh)
    this.#count('repeated', messages.length - outcome.fresh)
    log.debug({ count: messages.length, fresh: outcome.fresh }, 'handled')
    await this.#ack(messages.map(({ message }) => message))
  }

  async #handleOnce(messages: readonly EventMessage[]): Promise<{ fresh: number } | { error: unknown }> {
    const { effects, throughOutages } = this.#options
    const events = messages.map(({ event }) => event)
    try {
      return { fresh: await throughOutages(() => effects(events)) }
    } catch (error) {
      // The consumer was stopped during an outage.
      if (isDatabaseUnavailable(error)) throw error
      return { error }
    }
  }

  async #fail(message: JsMsg, event: TaskwireEvent | undefined, error: unknown): Promise<void> {
    const { consumer, database, log, tries: triesAllowed, retryDelayMs, throughOutages } = this.#options
    const failure = failureOf(consumer, message, event, error)
    const { tries, dead } = await throughOutages(() =>
      database.asNobody((tx) => recordFailure(tx, failure, event === undefined ? 1 : triesAllowed)),
    )
    const about = {
      messageId: failure.messageId,
      eventType: failure.eventType,
      sequence: message.seq,
      tries,
      err: error,
    }
    if (dead) {
      this.#count('dead', 1)
      log.error(about, 'gave a message up, it is a dead letter now')
      await this.#ack([message])
    } else {
      this.#count('failed', 1)
      log.warn(about, 'an event could not be handled, trying again later')
      message.nak(retryDelayMs(tries))
    }
  }

  #putBack({ message, error }: OtherMessage): void {
    message.nak(this.#options.newerDelayMs)
    this.#count('newer', 1)
    if (this.#newerTypes.has(error.message)) return
    this.#newerTypes.add(error.message)
    this.#options.log.warn({ reason: error.message, sequence: message.seq }, 'an event is newer than this program')
  }

  /**
   * The server takes the acks of a consumer in their order, so its answer to the last stands for all. One that is lost
   * leads to a redelivery, which changes nothing.
   */
  async #ack(messages: readonly JsMsg[]): Promise<void> {
    for (const message of messages.slice(0, -1)) message.ack()
    try {
      await messages.at(-1)?.ackAck()
    } catch (error) {
      this.#options.log.info({ err: error, count: messages.length }, 'acks may be lost, expecting these events again')
    }
  }

  #count(outcome: string, count: number): void {
    if (count > 0) this.#options.metrics.consumerHandled.inc({ consumer: this.#options.consumer, outcome }, count)
  }
}
