import assert from 'node:assert/strict'
import {
  ALL_TASKS as APOLLO_TASKS,
  createApolloClient,
  followTasks as followWithApollo,
} from '../../examples/apollo/main.ts'
import { followTasks as followWithGraphqlWs } from '../../examples/graphql-ws/main.ts'
import { followTasks as followWithSse } from '../../examples/sse/main.ts'
import { createUrqlClient, followTasks as followWithUrql, ALL_TASKS as URQL_TASKS } from '../../examples/urql/main.ts'

/** What the examples keep of a task. */
export interface Task {
  readonly id: string
  readonly version: number
  readonly title: string
  readonly status: string
}

interface FollowOptions {
  readonly url: string
  readonly token: () => Promise<string>
  readonly onTrouble: (error: unknown) => void
  readonly patienceMs: number
  readonly signal: AbortSignal
}

export interface ScreenOptions extends Omit<FollowOptions, 'onTrouble'> {
  /** When it has its cursor and is about to read. */
  readonly beforeRead: () => Promise<void>
}

/** The first token is for the cursor. */
const TOKEN_TO_READ = 2

type Show = (tasks: Iterable<Task> | undefined) => void

/** Each example as what a screen sees of it: all that it shows, each time that it changes. */
export const EXAMPLES: Record<string, (options: FollowOptions, show: Show) => Promise<void>> = {
  'graphql-ws': (options, show) => followWithGraphqlWs({ ...options, onChange: (tasks) => show(tasks.values()) }),
  // Longer than writers are silent here: it takes that for the network's.
  sse: (options, show) => followWithSse({ ...options, patienceMs: 3_000, onChange: (tasks) => show(tasks.values()) }),
  apollo(options, show) {
    const client = createApolloClient(options)
    client
      .watchQuery({ query: APOLLO_TASKS, fetchPolicy: 'cache-only' })
      .subscribe(({ data, dataState }) => show(dataState === 'complete' ? data.tasks.nodes : undefined))
    return followWithApollo({ ...options, client })
  },
  urql(options, show) {
    const client = createUrqlClient(options)
    client.query(URQL_TASKS, {}, { requestPolicy: 'cache-only' }).subscribe(({ data }) => show(data?.tasks.nodes))
    return followWithUrql({ ...options, client })
  },
}

/** What one of the examples shows. */
export class Screen {
  readonly name: string
  /** How often it has asked for a token. */
  tokens = 0
  /** How often it was in trouble. */
  troubles = 0
  /** Where a task that it showed became an older one. */
  readonly setBack: string[] = []
  #tasks = new Map<string, Task>()
  readonly ended: Promise<void>

  constructor(name: string, options: ScreenOptions) {
    this.name = name
    const token = async () => {
      this.tokens += 1
      if (this.tokens === TOKEN_TO_READ) await options.beforeRead()
      return await options.token()
    }
    const run = EXAMPLES[name]
    assert.ok(run)
    const onTrouble = () => {
      this.troubles += 1
    }
    const { url, patienceMs, signal } = options
    this.ended = run({ url, token, onTrouble, patienceMs, signal }, (tasks) => this.#show(tasks ?? []))
  }

  get tasks(): Task[] {
    return [...this.#tasks.values()].map(plain).toSorted(byId)
  }

  #show(tasks: Iterable<Task>): void {
    const shown = new Map([...tasks].map((task) => [task.id, task]))
    for (const { id, version } of shown.values()) {
      const before = this.#tasks.get(id)?.version ?? 0
      if (version < before) this.setBack.push(`${id} from ${before} to ${version}`)
    }
    this.#tasks = shown
  }
}

const plain = ({ id, version, title, status }: Task): Task => ({ id, version, title, status })

export const byId = (a: Task, b: Task): number => (a.id < b.id ? -1 : 1)
