import type { TaskwireDatabase } from '../../entities/tables.ts'
import { NewerEventError, parseEvent } from '../../events/envelope.ts'
import { isDatabaseUnavailable } from '../../infra/database.ts'
import type { Log } from '../../lib/log.ts'
import type { RunningState } from '../../lib/service.ts'
import type { Metrics } from '../../lib/telemetry.ts'
import { type ClaimedLetter, claimLetter, keepLetter, postponeLetter, settleLetter } from './dead-letters.ts'
import type { Effects } from './effects.ts'

export interface RetryOptions {
  /** The durable's name. */
  readonly consumer: string
  readonly effects: Effects
  readonly database: TaskwireDatabase
  readonly log: Log
  readonly metrics: Metrics
  /** How often to look for letters that an admin wants tried once more. */
  readonly retryPollMs: number
  /** How long a worker has for one; when it dies in the middle, another one takes the letter up after this. */
  readonly retryLeaseMs: number
  /** How long until a letter of a newer version is looked at again. */
  readonly newerDelayMs: number
}

/**
 * Tries dead letters once more, each in one of these ways:
 *
 *   handled   its effect was had, now or before: the letter is gone
 *   failed    one more try failed: counted, and the letter stays
 *   newer     of a version that this program does not know: put off, no try
 *
 * A worker that dies in between leaves the letter to the next one, which finds an effect that was had by its key. Nothing
 * is published, and NATS is not needed.
 */
export async function retryLetters(state: RunningState, options: RetryOptions): Promise<void> {
  const { consumer, database, retryLeaseMs, retryPollMs } = options
  while (state.running) {
    const letter = await database.asNobody((tx) => claimLetter(tx, consumer, retryLeaseMs))
    if (letter === undefined) break
    await retry(letter, options)
  }
  await state.sleep(retryPollMs)
}

async function retry(letter: ClaimedLetter, options: RetryOptions): Promise<void> {
  const { consumer, effects, database, newerDelayMs } = options
  const log = options.log.child({ letter: letter.id, messageId: letter.messageId, eventType: letter.eventType })
  const count = (outcome: string) => options.metrics.consumerHandled.inc({ consumer, outcome })
  try {
    const fresh = await effects([parseEvent(letter.body)])
    await database.asNobody((tx) => settleLetter(tx, letter))
    count(fresh > 0 ? 'handled' : 'repeated')
    log.info({ fresh }, 'a dead letter was handled after all')
  } catch (error) {
    // No try; the lease runs out, and the letter is taken up again.
    if (isDatabaseUnavailable(error)) throw error
    if (error instanceof NewerEventError) {
      await database.asNobody((tx) => postponeLetter(tx, letter, newerDelayMs))
      count('newer')
      log.warn({ reason: error.message }, 'a dead letter is newer than this program')
      return
    }
    const tries = await database.asNobody((tx) => keepLetter(tx, letter, error))
    count('dead')
    log.error({ err: error, tries }, 'a dead letter could not be handled once more')
  }
}
