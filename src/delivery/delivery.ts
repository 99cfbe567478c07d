import type { Channels } from '../channels/open-channels.ts'
import type { CommandOrigin, RunCommand } from '../commands/command.ts'
import { deliveryFailed, deliveryPostponed, deliverySent, type DeliveryWritten } from '../commands/delivery.ts'
import { ensureWebhookSecrets } from '../commands/webhook-secret.ts'
import { OUTSIDE_CHANNELS, type OutsideChannel } from '../domain/delivery.ts'
import { signingSecrets } from '../domain/webhook-secret.ts'
import type { TaskwireDatabase, Tx } from '../entities/tables.ts'
import { SYSTEM } from '../events/envelope.ts'
import { isDatabaseUnavailable } from '../infra/database.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, RunningState, type Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { attempt, type TryResult } from './attempt.ts'
import { claimDue, type ClaimedDelivery, readOldestDue } from './claim.ts'
import { Lane } from './lane.ts'
import type { DeliverySettings } from './settings.ts'

export interface DeliveryOptions {
  /** Under the worker's role. */
  readonly database: TaskwireDatabase
  readonly run: RunCommand
  readonly channels: Channels
  readonly log: Log
  readonly metrics: Metrics
  readonly settings: DeliverySettings
}

/**
 * Looking in vain takes no more than a tenth of the time: where a user who is at the limit has 100,000 that are due, each
 * look goes past all of them, which takes 70 to 90 ms.
 */
const IDLE_FACTOR = 9
const LONGEST_IDLE_MS = 1_000

/** A delivery that is claimed, with what it is signed with. */
interface InHand {
  readonly delivery: ClaimedDelivery
  readonly secrets: readonly string[]
}

/**
 * Sends what reminders have put on their way. Any number of processes may run it: each leases what it sends. Nothing is
 * sent inside a transaction; a process that dies between the sending and the writing of its result leaves a lease that runs
 * out, and the same is sent once more, under the same id.
 */
export function createDelivery(options: DeliveryOptions): Service {
  const delivery = new Delivery(options)
  const sending = new LoopService(
    'delivery',
    options.log,
    (state) => delivery.step(state),
    () => delivery.settled(),
  )
  const measuring = new LoopService('delivery-gauges', options.log, (state) => delivery.measure(state))
  const all = async (act: (service: Service) => Promise<void>) => {
    await Promise.all([sending, measuring].map(act))
  }
  return {
    name: 'delivery',
    run: () => all((service) => service.run()),
    drain: () => all((service) => service.drain()),
    stop: () => all((service) => service.stop()),
  }
}

class Delivery {
  readonly #options: DeliveryOptions
  readonly #log: Log
  readonly #lanes: ReadonlyMap<OutsideChannel, Lane>
  readonly #inHand = new Set<Promise<void>>()
  /** Aborted when a lane has room again. */
  #room = new AbortController()
  #state: RunningState | undefined
  #measured = true

  constructor(options: DeliveryOptions) {
    const { limits, breaker } = options.settings
    this.#options = options
    this.#log = options.log.child({ service: 'delivery' })
    this.#lanes = new Map(OUTSIDE_CHANNELS.map((channel) => [channel, new Lane(channel, limits[channel], breaker)]))
  }

  async step(state: RunningState): Promise<void> {
    this.#state = state
    if (this.#room.signal.aborted) this.#room = new AbortController()
    const begun = performance.now()
    const claimed = await this.#claim()
    const tookMs = performance.now() - begun
    for (const each of claimed) {
      const handled = this.#handle(each).finally(() => this.#inHand.delete(handled))
      this.#inHand.add(handled)
    }
    const { pollMs } = this.#options.settings
    const idleMs = Math.max(pollMs, Math.min(tookMs * IDLE_FACTOR, LONGEST_IDLE_MS))
    if (claimed.length === 0) await state.sleep(idleMs, this.#room.signal)
  }

  /** Resolves when what is in hand has been sent and written. */
  async settled(): Promise<void> {
    await Promise.all(this.#inHand)
  }

  async measure(state: RunningState): Promise<void> {
    const { database, metrics, settings } = this.#options
    try {
      const [oldest, now] = await database.asNobody(async (tx) => [await readOldestDue(tx.db, tx.now), tx.now] as const)
      for (const [channel, lane] of this.#lanes) {
        const since = oldest.find((due) => due.channel === channel)?.nextTryAt ?? now
        metrics.deliveryAgeSeconds.set({ channel }, (now.getTime() - since.getTime()) / 1_000)
        metrics.deliveryBreakersOpen.set({ channel }, lane.breakers.open().length)
      }
      this.#measured = true
    } catch (error) {
      // Said once: during an outage the sending itself says the rest.
      if (this.#measured) this.#log.warn({ err: error }, 'the gauges cannot be read for now')
      this.#measured = false
    }
    await state.sleep(settings.gaugesEveryMs)
  }

  async #claim(): Promise<readonly InHand[]> {
    const { database, metrics, settings } = this.#options
    const lanes = [...this.#lanes.values()].filter((lane) => lane.room > 0)
    if (lanes.length === 0) return []
    let claimed: readonly ClaimedDelivery[] = []
    try {
      return await database.asNobody(async (tx) => {
        const { deliveries, dropped } = await claimDue(tx, lanes, settings.leaseMs)
        claimed = deliveries
        for (const channel of dropped) metrics.deliveryTries.inc({ channel, outcome: 'dropped' })
        return withSecrets(tx, deliveries)
      })
    } catch (error) {
      for (const delivery of claimed) this.#lanes.get(delivery.channel)?.release(delivery)
      throw error
    }
  }

  async #handle({ delivery, secrets }: InHand): Promise<void> {
    const { channels, settings } = this.#options
    const { channel } = delivery
    const lane = this.#lanes.get(channel)
    if (lane === undefined) throw new Error(`There is no lane for ${channel}.`)
    const leasedUntil = Date.now() + settings.leaseMs
    try {
      const result = await attempt(delivery, secrets, channels.of[channel], lane, settings)
      await this.#write(delivery, result, leasedUntil)
    } catch (error) {
      this.#log.error({ err: error, ...fieldsOf(delivery) }, 'what became of a delivery could not be written')
    } finally {
      lane.release(delivery)
      if (lane.room > 0) this.#room.abort()
    }
  }

  /** Through an outage of the database too, as long as the lease holds: what is not written is sent once more. */
  async #write(delivery: ClaimedDelivery, result: TryResult, leasedUntil: number): Promise<void> {
    const outage = new RunningState()
    for (let tries = 1; ; tries += 1) {
      try {
        const { written } = await this.#run(delivery, result)
        this.#tell(delivery, result, written)
        return
      } catch (error) {
        if (!isDatabaseUnavailable(error) || this.#state?.running !== true || Date.now() > leasedUntil) throw error
        if (tries === 1) this.#log.warn({ err: error, ...fieldsOf(delivery) }, 'what became of a delivery has to wait')
        await outage.backoff()
      }
    }
  }

  #run(delivery: ClaimedDelivery, result: TryResult): Promise<DeliveryWritten> {
    const { run } = this.#options
    const { id: deliveryId, reminderId, leaseToken, userId, correlationId } = delivery
    const made = { deliveryId, reminderId, leaseToken }
    const origin: CommandOrigin = { userId, actorId: SYSTEM, correlationId, causationId: deliveryId }
    switch (result.outcome) {
      case 'sent':
        return run(deliverySent, made, origin)
      case 'failed':
        return run(deliveryFailed, { ...made, error: result.error.message }, origin)
      case 'retried':
        return run(deliveryPostponed, { ...made, delayMs: result.delayMs, error: result.error.message }, origin)
      case 'postponed':
        return run(deliveryPostponed, { ...made, delayMs: result.delayMs, error: null }, origin)
    }
  }

  #tell(delivery: ClaimedDelivery, result: TryResult, written: boolean): void {
    const { channel } = delivery
    this.#options.metrics.deliveryTries.inc({ channel, outcome: written ? result.outcome : 'late' })
    const fields = { ...fieldsOf(delivery), outcome: result.outcome, ...('error' in result && { err: result.error }) }
    if (!written) this.#log.warn(fields, 'a delivery took longer than its lease: its result is not taken any more')
    else if (result.outcome === 'failed') this.#log.warn(fields, 'a reminder could not be delivered')
    else if (result.outcome === 'retried') this.#log.info(fields, 'a reminder is to be delivered later')
    else this.#log.debug(fields, 'a try to deliver')
  }
}

function fieldsOf({ id, reminderId, channel, receiver, tries, correlationId }: ClaimedDelivery) {
  return { deliveryId: id, reminderId, channel, receiver, tries, correlationId }
}

async function withSecrets(tx: Tx, deliveries: readonly ClaimedDelivery[]): Promise<readonly InHand[]> {
  const signed = deliveries.filter(({ channel }) => channel === 'WEBHOOK')
  const secrets =
    signed.length === 0
      ? undefined
      : await ensureWebhookSecrets(
          tx,
          signed.map(({ userId }) => userId),
        )
  return deliveries.map((delivery) => {
    const own = delivery.channel === 'WEBHOOK' ? secrets?.get(delivery.userId) : undefined
    return { delivery, secrets: own === undefined ? [] : signingSecrets(own, tx.now) }
  })
}
