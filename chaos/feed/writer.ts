import { setTimeout as delay } from 'node:timers/promises'
import { namedId } from '../load/ids.ts'
import { send } from '../load/send.ts'
import type { Write } from './write.ts'

/** What may come of writers that get in one another's way; anything else is a fault of the server's. */
const REFUSALS = ['NOT_FOUND', 'ALREADY_EXISTS', 'INVALID_TRANSITION', 'LIMIT_EXCEEDED']
const PATIENCE_MS = 2_000
const RETRY_MS = 100
const GIVE_UP_MS = 120_000

export interface WriterOptions {
  /** Asked for each try. */
  readonly url: () => string
  readonly token: string
  /** Ids are made of it and a schedule's numbers: the same ones for all writers of a user. */
  readonly user: string
  /** Keys are made of it; no two writers of a user have the same. */
  readonly name: string
}

interface Outcome {
  readonly id: string
  readonly version: number
}

/** A user's mutations over HTTP, each tried with one key until its outcome is known. */
export class Writer {
  readonly #options: WriterOptions
  #keys = 0

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Does what the schedule says, or is refused it. */
  async write(write: Write): Promise<void> {
    const [field, type, input] = this.#mutation(write)
    await this.#mutate(field, type, input, '__typename')
  }

  /** Makes a tag that is in no schedule. */
  async mark(): Promise<Outcome> {
    const name = `mark ${this.#options.name} ${this.#keys}`
    const tag = await this.#mutate<{ tag: Outcome }>('createTag', 'CreateTagInput', { name }, 'tag { id version }')
    if (tag === undefined) throw new Error(`The tag ${name} was refused.`)
    return tag.tag
  }

  #mutation(write: Write): [field: string, inputType: string, input: Record<string, unknown>] {
    if ('tag' in write) {
      const { kind, tag } = write
      const id = this.#id('tag', tag)
      if (kind === 'createTag') return [kind, 'CreateTagInput', { id, name: tagName(tag) }]
      if (kind === 'updateTag') return [kind, 'UpdateTagInput', { id, color: write.color }]
      return [kind, 'DeleteTagInput', { id }]
    }
    const ids = write.tasks.map((task) => this.#id('task', task))
    const [id] = ids
    switch (write.kind) {
      case 'createTask':
        return [write.kind, 'CreateTaskInput', { id, title: `Task ${id}`, tags: write.tags.map(tagName) }]
      case 'createTasks': {
        const tasks = ids.map((task) => ({ id: task, title: `Task ${task}`, tags: write.tags.map(tagName) }))
        return [write.kind, 'CreateTasksInput', { tasks }]
      }
      case 'updateTask':
        return [write.kind, 'UpdateTaskInput', { id, title: write.title }]
      case 'tagTask':
        return ['updateTask', 'UpdateTaskInput', { id, tags: write.tags.map(tagName) }]
      case 'updateTasks':
        return [write.kind, 'UpdateTasksInput', { ids, priority: 'HIGH', addTags: write.tags.map(tagName) }]
      case 'completeTasks':
      case 'deleteTasks':
        return [write.kind, 'TasksActionInput', { ids }]
      default:
        return [write.kind, 'TaskActionInput', { id }]
    }
  }

  /** undefined where it was refused. */
  async #mutate<Payload>(
    field: string,
    type: string,
    input: Record<string, unknown>,
    selection: string,
  ): Promise<Payload | undefined> {
    this.#keys += 1
    const query = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`
    const variables = { input: { ...input, idempotencyKey: `${this.#options.name} ${this.#keys}` } }
    const deadline = Date.now() + GIVE_UP_MS
    for (;;) {
      const { url, token } = this.#options
      const reply = await send<Payload>({ url: url(), token, query, variables, field, patienceMs: PATIENCE_MS })
      if (reply.kind === 'data') return reply.data
      if (reply.kind === 'refused') {
        if (REFUSALS.includes(reply.code)) return undefined
        throw new Error(`${field}: ${reply.text}`)
      }
      // Whatever breaks, the server knows what it is.
      if (reply.reason === 'INTERNAL_SERVER_ERROR') throw new Error(`${field}: ${reply.reason}`)
      if (Date.now() > deadline) throw new Error(`${field} stayed without an outcome: ${reply.reason}.`)
      await delay(RETRY_MS)
    }
  }

  #id(what: string, number: number): string {
    return namedId(this.#options.user, what, number)
  }
}

const tagName = (tag: number): string => `tag ${tag}`
