import { isBrokenCircuitError } from 'cockatiel'
import { type Channel, DeliveryError, type OutgoingReminder } from '../channels/channel.ts'
import type { ClaimedDelivery } from './claim.ts'
import type { Lane } from './lane.ts'
import type { DeliverySettings } from './settings.ts'

/** What is to be written of a try. */
export type TryResult =
  | { readonly outcome: 'sent' }
  /** For good. */
  | { readonly outcome: 'failed'; readonly error: DeliveryError }
  | { readonly outcome: 'retried'; readonly error: DeliveryError; readonly delayMs: number }
  /** It was not tried. */
  | { readonly outcome: 'postponed'; readonly delayMs: number }

/** @param signingSecrets of the user, newest first; for webhooks */
export async function attempt(
  delivery: ClaimedDelivery,
  signingSecrets: readonly string[],
  channel: Channel,
  lane: Lane,
  { maxTries, breaker, retryDelayMs }: DeliverySettings,
): Promise<TryResult> {
  const { tries } = delivery
  if (tries > maxTries)
    // The last one was begun by a worker that did not come to write what became of it.
    return { outcome: 'failed', error: new DeliveryError('refused', 'It is not known what became of the last try.') }
  try {
    const reminder = outgoing(delivery, signingSecrets)
    await lane.breakers.run(lane.keyOf(delivery), () => channel.send(reminder))
    return { outcome: 'sent' }
  } catch (cause) {
    if (isBrokenCircuitError(cause)) return { outcome: 'postponed', delayMs: breaker.halfOpenAfterMs }
    const error =
      cause instanceof DeliveryError
        ? cause
        : new DeliveryError('failed', 'It could not be sent, for a reason that only the log tells.', { cause })
    if (error.kind === 'refused' || tries >= maxTries) return { outcome: 'failed', error }
    return { outcome: 'retried', error, delayMs: retryDelayMs(tries, error.retryAfterMs, Math.random()) }
  }
}

function outgoing({ id, target, content }: ClaimedDelivery, signingSecrets: readonly string[]): OutgoingReminder {
  const { taskTitle, message, dueAt, triggeredAt, updatedAt } = content
  return {
    id,
    target,
    triggeredAt: triggeredAt ?? updatedAt,
    taskTitle: taskTitle ?? 'A task',
    message,
    dueAt,
    data: content,
    signingSecrets,
  }
}
