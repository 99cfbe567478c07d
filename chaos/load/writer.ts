import { setTimeout as delay } from 'node:timers/promises'
import type { MutationRecord, Try } from '../ledger/mutation.ts'
import type { Random } from '../random.ts'
import { documentOf, inDoubt, type Operation, type Payload } from './operation.ts'
import { send } from './send.ts'
import { Things } from './things.ts'

const RETRY_MS = 100
/** So many mutations are sent without a key, once, as many clients do. */
const WITHOUT_KEY = 0.15
/** So many of those with a key are sent again although they were answered: the answer was lost on the client's side. */
const AGAIN = 0.04
/** How many of a writer's turns are queries. */
const READS = 0.15

export interface WriterOptions {
  readonly userId: string
  /** No other writer of any user has it. */
  readonly name: string
  readonly token: string
  readonly random: Random
  readonly urls: readonly string[]
  readonly outsideUrl: string
  /** One of the writers of each user does. */
  readonly keepsSettings: boolean
  readonly patienceMs: number
  readonly onMutation: (record: MutationRecord) => void
  readonly onRead: (failure: string | undefined) => void
  /** Aborts when nobody waits any more for what has no outcome yet. */
  readonly giveUp: AbortSignal
}

interface Page {
  readonly nodes: readonly { readonly id: string }[]
}
interface Series {
  readonly instances: { readonly nodes: readonly { id: string; version: number; completed: boolean }[] }
}

/** A user's client that changes what is its own, one mutation after the other. */
export class Writer {
  readonly #options: WriterOptions
  readonly #things: Things
  #sent = 0

  constructor(options: WriterOptions) {
    this.#options = options
    this.#things = new Things(options.random, { ...options, owner: options.name })
  }

  get userId(): string {
    return this.#options.userId
  }

  /** One mutation until its outcome is known, or will never be; or a query. */
  async step(): Promise<void> {
    const { random } = this.#options
    if (random.next() >= READS) {
      await this.#write(this.#things.next(), random.next() >= WITHOUT_KEY)
      return
    }
    const series = this.#things.anySeries
    if (random.next() < 0.3) {
      const found = await this.#read<Page>(
        'notifications',
        '',
        'filter: { unread: true }, first: 8',
        'nodes { id }',
        {},
      )
      this.#things.see(found?.nodes.map(({ id }) => id) ?? [])
    } else if (series === undefined || random.next() < 0.3)
      await this.#read<Page>('tasks', '', 'first: 20', 'nodes { id }', {})
    else {
      const fields = 'instances(first: 1) { nodes { id version completed } }'
      const found = await this.#read<Series>('recurringTask', '($id: ID!)', 'id: $id', fields, { id: series })
      for (const instance of found?.instances.nodes ?? []) this.#things.adopt(instance)
    }
  }

  /** Makes a tag to see it come; answers with the tag's id and its event's, or nothing where it was given up. */
  async mark(): Promise<{ readonly id: string; readonly eventId: string } | undefined> {
    const operation = this.#things.mark()
    const { answer } = await this.#write(operation, true)
    const [eventId] = answer?.eventIds ?? []
    return eventId === undefined ? undefined : { id: String(operation.input.id), eventId }
  }

  async #write(operation: Operation, withKey: boolean): Promise<MutationRecord> {
    const { userId, name, random, onMutation, giveUp } = this.#options
    this.#sent += 1
    const number = this.#sent
    const key = withKey ? `${name} ${number}` : null
    const tries: Try[] = []
    const attempt = () => this.#attempt(operation, key, `${name}.${number}.${tries.length + 1}`, tries)
    let done = await attempt()
    if (withKey) {
      while (done === undefined && !giveUp.aborted) {
        await delay(RETRY_MS)
        done = await attempt()
      }
      if (done !== undefined && done !== 'refused' && random.next() < AGAIN) done = (await attempt()) ?? done
    }
    const { field, input, expects } = operation
    const outcome = done === undefined ? 'unknown' : done === 'refused' ? 'refused' : 'done'
    if (done !== undefined && done !== 'refused') this.#things.learn(operation, done)
    this.#things.leave(inDoubt(operation, outcome, tries))
    const record: MutationRecord = {
      userId,
      writer: name,
      field,
      input,
      key,
      expects,
      tries,
      outcome,
      answer: done === undefined || done === 'refused' ? null : answerOf(done),
    }
    onMutation(record)
    return record
  }

  /** undefined where the outcome is not known after it. */
  async #attempt(
    { field, input }: Operation,
    key: string | null,
    correlationId: string,
    tries: Try[],
  ): Promise<Payload | 'refused' | undefined> {
    const { random, urls, token, patienceMs } = this.#options
    const to = random.between(0, urls.length - 1)
    const variables = { input: key === null ? input : { ...input, idempotencyKey: key } }
    const at = Date.now()
    const query = documentOf(field)
    const reply = await send<Payload>({
      url: urls[to] ?? '',
      token,
      query,
      variables,
      field,
      correlationId,
      patienceMs,
    })
    const came = reply.kind === 'data' ? 'ok' : reply.kind === 'refused' ? reply.code : reply.reason
    const trouble = reply.kind === 'data' ? reply.trouble : undefined
    tries.push({
      correlationId,
      at,
      tookMs: Date.now() - at,
      to,
      came,
      told: reply.kind !== 'unknown',
      ...(trouble !== undefined && { trouble }),
    })
    if (reply.kind === 'data') return reply.data
    return reply.kind === 'refused' ? 'refused' : undefined
  }

  async #read<Data>(
    field: string,
    declared: string,
    args: string,
    selection: string,
    variables: object,
  ): Promise<Data | undefined> {
    const { random, urls, token, patienceMs, onRead } = this.#options
    const query = `query ${declared} { ${field}(${args}) { ${selection} } }`
    const reply = await send<Data>({ url: random.pick(urls), token, query, variables, field, patienceMs })
    const failure = reply.kind === 'data' ? reply.trouble : reply.kind === 'refused' ? reply.text : reply.reason
    onRead(failure)
    return reply.kind === 'data' && failure === undefined ? reply.data : undefined
  }
}

function answerOf({ correlationId, eventId, eventIds = [], count }: Payload): MutationRecord['answer'] {
  const ids = [eventId ?? null, ...eventIds].filter((id) => id !== null)
  return { correlationId, eventIds: ids, ...(count !== undefined && { count }) }
}
