import { type Client, createClient } from 'graphql-ws'
import WebSocket from 'ws'

/** A GraphQL error as a client sees it. */
export interface ClientError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

export interface ClientResult<Data> {
  readonly data?: Data | null
  readonly errors?: readonly ClientError[]
}

/** What the tour, the smoke test and the tests talk to a server with: fetch, and graphql-ws for subscriptions. */
export interface TaskwireClient extends AsyncDisposable {
  /** The whole answer, errors included. */
  send<Data>(document: string, variables?: Readonly<Record<string, unknown>>): Promise<ClientResult<Data>>
  /** The data; throws where there are errors. */
  request<Data>(document: string, variables?: Readonly<Record<string, unknown>>): Promise<Data>
  /** The results of a subscription over a WebSocket; it ends with the loop over it. */
  subscribe<Data>(
    document: string,
    variables?: Record<string, unknown>,
  ): AsyncIterableIterator<ClientResult<Data>, undefined>
}

/**
 * @param url where the server listens, without `/graphql`
 * @param token a bearer token; without one the client is anonymous
 */
export function connectClient(url: string, token?: string): TaskwireClient {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  let sockets: Client | undefined
  const send = async <Data>(query: string, variables: Readonly<Record<string, unknown>> = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify({ query, variables }),
    })
    return (await response.json()) as ClientResult<Data>
  }
  return {
    send,
    async request<Data>(query: string, variables?: Readonly<Record<string, unknown>>) {
      const { data, errors } = await send<Data>(query, variables)
      if (errors !== undefined || data === null || data === undefined)
        throw new Error(errors?.map((error) => error.message).join('; ') ?? 'There was no data.')
      return data
    },
    subscribe<Data>(query: string, variables: Record<string, unknown> = {}) {
      sockets ??= createClient({
        url: `${url.replace(/^http/, 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: authorization,
        retryAttempts: 0,
      })
      // graphql-ws types a result's extensions more loosely than an answer's.
      return sockets.iterate({ query, variables }) as unknown as AsyncIterableIterator<ClientResult<Data>, undefined>
    },
    async [Symbol.asyncDispose]() {
      await sockets?.dispose()
    },
  }
}
