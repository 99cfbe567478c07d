import { type CircuitBreakerPolicy, CircuitState, circuitBreaker, ConsecutiveBreaker, handleWhen } from 'cockatiel'
import { DeliveryError } from '../channels/channel.ts'

export interface BreakerSettings {
  /** So many failures in a row open it. */
  readonly failures: number
  /** An open one lets one try through after this. */
  readonly halfOpenAfterMs: number
}

/** Beyond so many the one that was used first is forgotten: a breaker saves effort, and nothing is wrong without one. */
const MOST_BREAKERS = 10_000

/** What is about one reminder, or about how much is sent at once, says nothing about whether the receiver is broken. */
const isBroken = handleWhen((error) => !(error instanceof DeliveryError) || error.kind === 'failed')

interface Breaker {
  readonly policy: CircuitBreakerPolicy
  /** By `Date.now()`. */
  openUntil: number
}

/**
 * Circuit breakers of one channel, one for each key that has failed lately. Each process has its own: a broken receiver
 * costs each of them a few tries.
 */
export class Breakers {
  readonly #settings: BreakerSettings
  readonly #breakers = new Map<string, Breaker>()

  constructor(settings: BreakerSettings) {
    this.#settings = settings
  }

  /** Keys for which nothing is to be sent now. */
  open(): string[] {
    return [...this.#breakers].filter(([, breaker]) => blocks(breaker)).map(([key]) => key)
  }

  /** How many may be sent for this key at once. */
  room(key: string): number {
    const breaker = this.#breakers.get(key)
    if (breaker === undefined || breaker.policy.state === CircuitState.Closed) return Number.POSITIVE_INFINITY
    return blocks(breaker) ? 0 : 1
  }

  /**
   * Runs `send` unless the breaker is open.
   *
   * @throws BrokenCircuitError where it is
   */
  async run(key: string, send: () => Promise<void>): Promise<void> {
    const breaker = this.#breakers.get(key) ?? this.#add(key)
    await breaker.policy.execute(send)
    if (breaker.policy.state === CircuitState.Closed) this.#breakers.delete(key)
  }

  #add(key: string): Breaker {
    const { failures, halfOpenAfterMs } = this.#settings
    const policy = circuitBreaker(isBroken, {
      halfOpenAfter: halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(failures),
    })
    const breaker: Breaker = { policy, openUntil: 0 }
    policy.onBreak(() => {
      breaker.openUntil = Date.now() + halfOpenAfterMs
    })
    this.#breakers.set(key, breaker)
    const [oldest] = this.#breakers.keys()
    if (this.#breakers.size > MOST_BREAKERS && oldest !== undefined) this.#breakers.delete(oldest)
    return breaker
  }
}

/** While one try goes through, nothing else does. */
function blocks({ policy, openUntil }: Breaker): boolean {
  return policy.state === CircuitState.HalfOpen || (policy.state === CircuitState.Open && Date.now() < openUntil)
}
