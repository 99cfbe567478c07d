import type { Log } from './log.ts'

/**
 * The shape of everything that runs on its own. `run` resolves once the service was stopped and rejects when it cannot
 * go on; `drain` stops taking new work and finishes what is in hand; `stop` ends it. All three may be called more than
 * once and share the promise in flight.
 */
export interface Service {
  readonly name: string
  run(): Promise<void>
  drain(): Promise<void>
  stop(): Promise<void>
}

const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 5_000

/** Whether a loop is to go on, a sleep that its end interrupts, and the backoff after failures. */
export class RunningState {
  readonly #controller = new AbortController()
  #failures = 0

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get running(): boolean {
    return !this.#controller.signal.aborted
  }

  stop(): void {
    this.#controller.abort()
  }

  /**
   * Sleeps, or less where the state is stopped or `wake` aborts meanwhile. Never rejects. With `AbortSignal.any` and the
   * promise of a timer, waking up takes three times as long; an event on its way waits for that.
   */
  sleep(ms: number, wake?: AbortSignal): Promise<void> {
    const signals = wake === undefined ? [this.signal] : [this.signal, wake]
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        for (const signal of signals) signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      for (const signal of signals) signal.addEventListener('abort', end)
      if (signals.some(({ aborted }) => aborted)) end()
    })
  }

  /** After a failure: waits 100 ms, then twice as long each time up to 5 s, with jitter. */
  async backoff(): Promise<void> {
    const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, LONGEST_BACKOFF_MS)
    this.#failures += 1
    await this.sleep(ceiling / 2 + (Math.random() * ceiling) / 2)
  }

  succeeded(): void {
    this.#failures = 0
  }
}

/**
 * A service that repeats one step until it is stopped. A step that throws is logged and tried again after a backoff:
 * no loop ends quietly. `step` sleeps by itself (through the state) when there is nothing to do.
 */
export class LoopService implements Service {
  readonly name: string
  readonly #log: Log
  readonly #step: (state: RunningState) => Promise<void>
  readonly #release: () => Promise<void>
  readonly #state = new RunningState()
  #finished: Promise<void> | undefined

  /** @param release what to give up once the last step has ended, for example a lease */
  constructor(name: string, log: Log, step: (state: RunningState) => Promise<void>, release = async () => {}) {
    this.name = name
    this.#log = log.child({ service: name })
    this.#step = step
    this.#release = release
  }

  run(): Promise<void> {
    this.#finished ??= this.#loop()
    return this.#finished
  }

  drain(): Promise<void> {
    return this.stop()
  }

  async stop(): Promise<void> {
    this.#state.stop()
    await this.#finished
  }

  async #loop(): Promise<void> {
    while (this.#state.running) {
      try {
        await this.#step(this.#state)
        this.#state.succeeded()
      } catch (error) {
        if (!this.#state.running) break
        this.#log.error({ err: error }, 'step failed, trying again')
        await this.#state.backoff()
      }
    }
    await this.#release()
  }
}
