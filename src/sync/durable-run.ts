import type { ConsumerInfo, ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream'

/** Messages asked for ahead: what the server may send without waiting. */
const PULL_MESSAGES = 1_000
const PULL_EXPIRES_MS = 30_000
/** Handled in one turn of the event loop: whatever else the process has to do comes in between. */
const MESSAGES_A_TURN = 32
/** The server says after this long that it has nothing, and how far it has delivered. */
const IDLE_HEARTBEAT_MS = 2_000

/**
 * Reads one durable from its first delivery on, until something is not exactly as it should be: a gap in the consumer's
 * sequence, a redelivery, a heartbeat that knows of more than came, a consumer that is gone. Explicit ack delivers again
 * out of order, and messages that were sent to a connection that broke are simply missing: neither is repaired here. The
 * run ends, and whoever follows the stream makes a new durable from where it stands.
 */
export class DurableRun {
  readonly #ended = Promise.withResolvers<string>()
  readonly #handle: (message: JsMsg) => string | undefined
  #messages: ConsumerMessages | undefined
  #delivered = 0
  /** What came after that for which this turn has room. */
  #waiting: JsMsg[] = []
  /** How many more are handled in this turn. Where there is room, nothing waits. */
  #room = MESSAGES_A_TURN
  #over = false

  private constructor(handle: (message: JsMsg) => string | undefined) {
    this.#handle = handle
  }

  /**
   * @param durable just made: nothing was delivered from it
   * @param handle handles a message, which is then acked, or says why the run is to end without that
   */
  static async begin(
    js: JetStreamClient,
    durable: ConsumerInfo,
    handle: (message: JsMsg) => string | undefined,
  ): Promise<DurableRun> {
    const run = new DurableRun(handle)
    run.#messages = await js.consumers.getConsumerFromInfo(durable).consume({
      callback: (message) => run.#take(message),
      max_messages: PULL_MESSAGES,
      expires: PULL_EXPIRES_MS,
      idle_heartbeat: IDLE_HEARTBEAT_MS,
      bind: true,
      abort_on_missing_resource: true,
    })
    void run.#watch(run.#messages)
    return run
  }

  /** Resolves with the reason when the run has ended; nothing is handled after that. */
  get ended(): Promise<string> {
    return this.#ended.promise
  }

  /** Whether messages have come that are not handled yet. */
  get behind(): boolean {
    return this.#waiting.length > 0
  }

  end(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#waiting = []
    this.#messages?.stop()
    this.#ended.resolve(reason)
  }

  #take(message: JsMsg): void {
    if (this.#over) return
    const { deliverySequence, redelivered } = message.info
    if (redelivered) return this.end('a message was delivered again')
    if (deliverySequence !== this.#delivered + 1) return this.end('a message is missing')
    this.#delivered = deliverySequence
    if (this.#room > 0) this.#handleNow(message)
    else this.#waiting.push(message)
  }

  #handleNow(message: JsMsg): void {
    if (this.#room === MESSAGES_A_TURN) setImmediate(() => this.#nextTurn())
    this.#room -= 1
    const refusal = this.#handle(message)
    if (refusal !== undefined) return this.end(refusal)
    message.ack()
  }

  #nextTurn(): void {
    this.#room = MESSAGES_A_TURN
    for (const message of this.#waiting.splice(0, MESSAGES_A_TURN)) {
      if (this.#over) return
      this.#handleNow(message)
    }
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    // An error here is the reason for the end and nothing else.
    void messages.closed().then((error) => this.end(error instanceof Error ? error.message : 'the durable was closed'))
    for await (const status of messages.status()) {
      if (status.type === 'heartbeat' && status.lastConsumerSequence > this.#delivered) this.end('a message is missing')
      if (status.type === 'heartbeats_missed') this.end('the server is silent')
      if (status.type === 'no_responders') this.end('the durable does not answer')
      if (this.#over) break
    }
  }
}
