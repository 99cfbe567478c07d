import { type OutsideChannel, retryDelayMs } from '../domain/delivery.ts'
import type { DeliveryConfig } from '../lib/delivery-config.ts'
import type { BreakerSettings } from './breakers.ts'
import type { LaneLimits } from './lane.ts'

export interface DeliverySettings {
  readonly maxTries: number
  /** How long a try is its worker's alone: longer than it may take, and than what came of it may take to be written. */
  readonly leaseMs: number
  readonly pollMs: number
  readonly limits: Readonly<Record<OutsideChannel, LaneLimits>>
  readonly breaker: BreakerSettings
  readonly retryDelayMs: typeof retryDelayMs
  readonly gaugesEveryMs: number
}

/** In one process; more workers send more. */
const LIMITS: DeliverySettings['limits'] = {
  // As many connections to the mail server.
  EMAIL: { all: 6, perUser: 3, perReceiver: 6 },
  SMS: { all: 10, perUser: 4, perReceiver: 10 },
  // Most chats of all users are at one or two hosts.
  CHAT: { all: 24, perUser: 4, perReceiver: 16 },
  WEBHOOK: { all: 40, perUser: 4, perReceiver: 10 },
}

export const SMTP_CONNECTIONS = LIMITS.EMAIL.all

const LEASE_MARGIN_MS = 30_000

export function deliverySettings({ timeoutMs, maxTries }: DeliveryConfig): DeliverySettings {
  return {
    maxTries,
    // A try may wait for another that a breaker lets through first.
    leaseMs: 2 * timeoutMs + LEASE_MARGIN_MS,
    pollMs: 250,
    limits: LIMITS,
    breaker: { failures: 5, halfOpenAfterMs: 15_000 },
    retryDelayMs,
    gaugesEveryMs: 3_000,
  }
}
