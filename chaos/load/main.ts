import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { userToken } from '../../tests/helpers/taskwire.ts'
import { Random } from '../random.ts'
import { Audience } from './audience.ts'
import {
  type Answer,
  LISTENERS_FILE,
  type LoadOptions,
  MUTATIONS_FILE,
  type Progress,
  type Question,
  type Questions,
} from './protocol.ts'
import { Writer } from './writer.ts'

/** Longer than any run. */
const TOKEN_TTL = '12h'
/** How long after the end of the writing a mutation may be without an outcome. */
const GIVE_UP_MS = 120_000

/** The users' clients, in a process of their own: those who write and those who follow the feed. */
class Load {
  readonly #options: LoadOptions
  readonly #writers: readonly Writer[]
  readonly #audience: Audience
  readonly #journal: WriteStream
  readonly #giveUp = new AbortController()
  readonly #failedQueries: Record<string, number> = {}
  #queries = 0
  #mutations = 0
  #stopping = false
  #finished = false
  #running: Promise<unknown> | undefined

  private constructor(options: LoadOptions, userIds: readonly string[], tokens: readonly string[]) {
    this.#options = options
    this.#journal = createWriteStream(join(options.directory, MUTATIONS_FILE))
    const random = new Random(options.seed)
    this.#writers = userIds.flatMap((userId, user) =>
      Array.from({ length: options.writersPerUser }, (_, index) => {
        const name = `w${user}.${index}`
        return new Writer({
          userId,
          name,
          token: tokens[user] ?? '',
          random: new Random(random.between(0, 2 ** 30)),
          urls: options.urls,
          outsideUrl: options.outsideUrl,
          keepsSettings: index === 0,
          patienceMs: options.patienceMs,
          onMutation: (record) => {
            this.#mutations += 1
            this.#journal.write(`${JSON.stringify(record)}\n`)
          },
          onRead: (failure) => {
            this.#queries += 1
            if (failure !== undefined) this.#failedQueries[failure] = (this.#failedQueries[failure] ?? 0) + 1
          },
          giveUp: this.#giveUp.signal,
        })
      }),
    )
    this.#audience = new Audience(options, userIds)
  }

  static async start(options: LoadOptions): Promise<Load> {
    const userIds = Array.from({ length: options.users }, (_, index) => `user ${index}`)
    const load = new Load(options, userIds, await Promise.all(userIds.map((user) => userToken(user, TOKEN_TTL))))
    await load.#audience.begun()
    return load
  }

  async answer(name: keyof Questions): Promise<unknown> {
    switch (name) {
      case 'begin':
        this.#running = Promise.all(this.#writers.map((writer, index) => this.#write(writer, index))).then(() => {
          this.#finished = true
        })
        return
      case 'progress':
        return {
          mutations: this.#mutations,
          finished: this.#finished,
          queries: this.#queries,
          failedQueries: this.#failedQueries,
        } satisfies Progress
      case 'stop': {
        this.#stopping = true
        const patience = setTimeout(() => this.#giveUp.abort(), GIVE_UP_MS)
        await this.#running
        clearTimeout(patience)
        return
      }
      case 'settle':
        return this.#settle()
    }
  }

  async #write(writer: Writer, index: number): Promise<void> {
    const { rate, mutations } = this.#options
    const everyMs = rate === undefined ? 0 : (this.#writers.length / rate) * 1_000
    // Not all at once.
    let next = Date.now() + (everyMs * index) / this.#writers.length
    while (!this.#stopping && this.#mutations < mutations) {
      await delay(Math.max(0, next - Date.now()))
      // One that was held up does not make up for it.
      next = Math.max(next, Date.now() - everyMs) + everyMs
      await writer.step()
    }
  }

  async #settle(): Promise<void> {
    const listeners = createWriteStream(join(this.#options.directory, LISTENERS_FILE))
    const perUser = new Map(this.#writers.map((writer) => [writer.userId, writer]))
    for (const writer of perUser.values())
      for (const record of await this.#audience.settle(writer)) listeners.write(`${JSON.stringify(record)}\n`)
    await this.#audience[Symbol.asyncDispose]()
    await Promise.all([listeners, this.#journal].map((file) => new Promise<void>((done) => file.end(done))))
  }
}

function tell(answer: Answer): void {
  process.send?.(answer)
}

// It ends with the process that started it.
process.once('disconnect', () => process.exit(1))
// A terminal's Ctrl-C is for that one.
process.on('SIGINT', () => undefined)
const [options = ''] = process.argv.slice(2)
const load = await Load.start(JSON.parse(options) as LoadOptions)
process.on('message', ({ name }: Question) => {
  load.answer(name).then(
    (answer) => tell({ answer }),
    (error: unknown) => tell({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
tell({ ready: true })
