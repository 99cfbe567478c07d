import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClientResult } from '../../dev/client.ts'
import type { Write } from './write.ts'

/** What may come of writers that get in one another's way; anything else is a fault of the server's. */
const REFUSALS = ['NOT_FOUND', 'ALREADY_EXISTS', 'INVALID_TRANSITION', 'LIMIT_EXCEEDED']
/** The outcome is unknown: to be tried again with the same key. */
const UNKNOWN = ['SERVICE_UNAVAILABLE']
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
      const result = await this.#send<Record<string, Payload>>(query, variables).catch((error: unknown) => {
        if (Date.now() > deadline) throw new Error(`${field} got no answer.`, { cause: error })
        return undefined
      })
      if (result?.data?.[field] != null && result.errors === undefined) return result.data[field]
      const code = String(result?.errors?.[0]?.extensions?.code)
      if (REFUSALS.includes(code)) return undefined
      if (result !== undefined && !UNKNOWN.includes(code)) throw new Error(`${field}: ${JSON.stringify(result)}`)
      if (Date.now() > deadline) throw new Error(`${field} stayed ${code}.`)
      await delay(RETRY_MS)
    }
  }

  async #send<Data>(query: string, variables: object): Promise<ClientResult<Data>> {
    const { url, token } = this.#options
    const response = await fetch(`${url()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    return (await response.json()) as ClientResult<Data>
  }

  /** A UUID that follows from user and number; of no version that the server makes. */
  #id(what: string, number: number): string {
    const hex = createHash('sha256').update(`${this.#options.user} ${what} ${number}`).digest('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  }
}

const tagName = (tag: number): string => `tag ${tag}`
