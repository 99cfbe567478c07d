/** @import { Happening, Stats } from './types.ts' */
import { learnTime } from './clock.js'

const ENDPOINT = new URL('/graphql', location.href)
const PATIENCE_MS = 10_000

export const BEGIN = 'query Begin { viewer { id } syncCursor }'

export const NUMBERS = `query Numbers($timezone: String, $eventTypes: [String!], $count: Int, $withActivity: Boolean!) {
  taskStats(timezone: $timezone) {
    total pending inProgress completed overdue dueToday completedToday
    byPriority { priority count }
    completedPerDay(days: 14) { date count }
  }
  auditEntries(filter: { eventType: $eventTypes }, first: $count) @include(if: $withActivity) {
    nodes { eventId eventType actorId timestamp changes { field from to } state: newState }
  }
}`

export const FEED = `subscription Feed($after: String, $entityTypes: [EntityType!]) {
  syncEvents(after: $after, entityTypes: $entityTypes) {
    __typename
    cursor
    ... on SyncEvent { eventId eventType actorId timestamp changes { field from to } payload }
    ... on SyncReset { reason }
  }
}`

/**
 * @typedef {{ viewer: { id: string }, syncCursor: string }} Begin
 * @typedef {{ taskStats: Stats, auditEntries?: { nodes: Happening[] } }} Numbers
 * @typedef {{ message: string, extensions?: { code?: string, issues?: { path: string[] }[] } }} GraphQLError
 */

/** The server answered, and not with all that was asked for. */
export class ServerError extends Error {
  /** @param {readonly GraphQLError[]} errors */
  constructor(errors) {
    super(errors.map(({ message }) => message).join(' ') || 'The server’s answer is incomplete.')
    this.codes = errors.map(({ extensions }) => extensions?.code)
    this.issues = errors.flatMap(({ extensions }) => extensions?.issues ?? [])
  }
}

/** Whether the token is what stands in the way: it has ended, or never was any good. */
export function isUnauthenticated(/** @type {unknown} */ error) {
  if (error instanceof ServerError) return error.codes.includes('UNAUTHENTICATED')
  // How graphql-ws tells of a socket that was closed.
  return error !== null && typeof error === 'object' && 'code' in error && error.code === 4403
}

/** What is wrong, for who looks at the page. */
export function troubleOf(/** @type {unknown} */ error) {
  if (error instanceof ServerError) return error.message
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'The server does not answer.'
  if (error instanceof TypeError) return 'The server cannot be reached.'
  if (error instanceof CloseEvent && error.reason !== '') return `The connection was closed: ${error.reason}.`
  return error instanceof Error ? error.message : 'The connection was lost.'
}

/**
 * @template Data
 * @param {string} document
 * @param {{ token: string, variables?: object, signal: AbortSignal }} options
 * @returns {Promise<Data>}
 */
export async function query(document, { token, variables = {}, signal }) {
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json',
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: document, variables }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  })
  learnTime(response.headers.get('date'))
  return dataOf(/** @type {{ data?: Data, errors?: readonly GraphQLError[] }} */ (await response.json()))
}

/**
 * A part that is missing is an error like any other: what could not be read is null, like what is not there.
 *
 * @template Data
 * @param {{ data?: Data | null, errors?: readonly GraphQLError[] }} result
 * @returns {Data}
 */
export function dataOf({ data, errors }) {
  if (data == null || errors !== undefined) throw new ServerError(errors ?? [])
  return data
}
