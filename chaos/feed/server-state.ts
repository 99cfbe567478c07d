import type { Tag, Task } from '../../examples/reference-client/documents.ts'
import type { Mirror } from '../../examples/reference-client/mirror.ts'
import { connectClient } from '../../dev/client.ts'

/** Everything of a user's by its id, as one line of text each, fields in a fixed order. */
export type State = ReadonlyMap<string, string>

interface Page<Node> {
  readonly list: { readonly nodes: readonly Node[]; readonly pageInfo: { hasNextPage: boolean; endCursor: string } }
}

const TASKS = `query ($after: String) { list: tasks(trash: INCLUDE, first: 100, after: $after) {
  nodes { id version title description status priority dueDate reminderLeadTime completedAt deletedAt createdAt updatedAt
    tags { id } }
  pageInfo { hasNextPage endCursor }
} }`

const TAGS = `query ($after: String) { list: tags(first: 100, after: $after) {
  nodes { id version name color createdAt updatedAt }
  pageInfo { hasNextPage endCursor }
} }`

interface Polled {
  readonly messages: readonly { readonly __typename: string; readonly eventId?: string }[]
  readonly cursor: string
  readonly hasMore: boolean
}

const RESET = 'SyncReset'
const POLL = `query ($after: String!) { page: syncEvents(after: $after, entityTypes: [TASK, TAG], first: 7) {
  messages { __typename ... on SyncEvent { eventId } }
  cursor
  hasMore
} }`

/** What the API says that a user has. */
export async function serverState(url: string, token: string): Promise<State> {
  await using client = connectClient(url, token)
  const readAll = async <Node>(query: string): Promise<Node[]> => {
    const nodes: Node[] = []
    for (let after: string | undefined; ; ) {
      const { list }: Page<Node> = await client.request<Page<Node>>(query, { after })
      nodes.push(...list.nodes)
      if (!list.pageInfo.hasNextPage) return nodes
      after = list.pageInfo.endCursor
    }
  }
  const tasks = await readAll<Task>(TASKS)
  return stateOf(tasks, (task) => task.tags, await readAll<Tag>(TAGS))
}

/** The ids of a user's events after a cursor, as the feed tells them to who polls. */
export async function polledEvents(url: string, token: string, after: string): Promise<string[]> {
  await using client = connectClient(url, token)
  const eventIds: string[] = []
  for (let cursor = after; ; ) {
    const { page } = await client.request<{ page: Polled }>(POLL, { after: cursor })
    eventIds.push(...page.messages.flatMap(({ __typename, eventId }) => eventId ?? (__typename === RESET ? RESET : [])))
    if (!page.hasMore) return eventIds
    cursor = page.cursor
  }
}

/** What a client holds. */
export function mirrorState(mirror: Mirror): State {
  return stateOf(mirror.tasks, (task) => mirror.tagsOf(task), mirror.tags)
}

/** A line for each entity that is not the same. */
export function differences(server: State, client: State): string[] {
  return [...new Set([...server.keys(), ...client.keys()])]
    .filter((id) => server.get(id) !== client.get(id))
    .map((id) => `${id}\n  server: ${server.get(id) ?? 'nothing'}\n  client: ${client.get(id) ?? 'nothing'}`)
}

function stateOf(
  tasks: readonly Task[],
  tagsOf: (task: Task) => readonly { readonly id: string }[],
  tags: readonly Tag[],
): State {
  const lines = tasks.map((task): [string, string] => {
    const { id, version, title, description, status, priority, dueDate, reminderLeadTime } = task
    const { completedAt, deletedAt, createdAt, updatedAt } = task
    const own = [version, title, description, status, priority, dueDate, reminderLeadTime]
    const tagIds = tagsOf(task).map((tag) => tag.id)
    return [id, JSON.stringify([...own, completedAt, deletedAt, createdAt, updatedAt, tagIds.toSorted()])]
  })
  const tagLines = tags.map(({ id, version, name, color, createdAt, updatedAt }): [string, string] => [
    id,
    JSON.stringify([version, name, color, createdAt, updatedAt]),
  ])
  return new Map([...lines, ...tagLines])
}
