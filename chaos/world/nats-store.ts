import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestNats } from '../../tests/helpers/nats.ts'

/** What JetStream keeps on its disk, and what can become of it: each in a crash of the server. */
export class NatsStore implements AsyncDisposable {
  readonly #nats: TestNats
  #copied: string | undefined

  constructor(nats: TestNats) {
    this.#nats = nats
  }

  /** Keeps what it is now. */
  async copy(): Promise<void> {
    await this.#forget()
    const copy = await mkdtemp(join(tmpdir(), 'taskwire-store-'))
    this.#copied = copy
    await this.#crash(() => cp(this.#nats.storeDir, copy, { recursive: true }))
  }

  /** Makes it again what was kept. */
  async rollBack(): Promise<void> {
    const copy = this.#copied
    if (copy === undefined) throw new Error('There is nothing to go back to.')
    await this.#crash(async () => {
      await this.#remove()
      await cp(copy, this.#nats.storeDir, { recursive: true })
    })
  }

  /** @param downMs how long the server is away */
  empty(downMs = 0): Promise<void> {
    return this.#crash(async () => {
      await this.#remove()
      await delay(downMs)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forget()
  }

  async #crash(meanwhile: () => Promise<void>): Promise<void> {
    await this.#nats.stop('SIGKILL')
    await meanwhile()
    await this.#nats.start()
  }

  async #remove(): Promise<void> {
    await rm(this.#nats.storeDir, { recursive: true, force: true })
  }

  async #forget(): Promise<void> {
    if (this.#copied !== undefined) await rm(this.#copied, { recursive: true, force: true })
    this.#copied = undefined
  }
}
