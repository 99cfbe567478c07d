/// <reference lib="dom" />
// What runs in the browser, beside GraphiQL's own code: where its workers are, how it sends operations, and with which
// tab it begins. Served as it is, so it is JavaScript.

/**
 * @typedef {{ token?: string, tabs: { query: string, variables?: string }[], workers: Record<string, string> }} Settings
 * @typedef {{ query: string, operationName?: string | null, variables?: object }} Params
 * @typedef {Record<string, string>} Headers
 * @typedef {{ kind: string, operation?: string, name?: { value: string } }} Definition
 * @typedef {{ next(result: unknown): void, error(error: unknown): void, complete(): void }} Sink
 * @typedef {{ type: string, payload?: unknown }} Message
 * @typedef {{ query: string | null, variables: string | null, headers: string | null }} Tab
 * @typedef {{ tabs: Tab[], activeTabIndex: number }} Tabs
 * @typedef {{ YogaGraphiQL: { renderYogaGraphiQL(root: Element | null, options: object): void } }} GraphiQL
 */

const settings = /** @type {Settings} */ (JSON.parse(document.querySelector('#settings')?.textContent ?? '{}'))
const endpoint = new URL('/graphql', location.href)

Object.assign(globalThis, {
  MonacoEnvironment: {
    globalAPI: false,
    getWorkerUrl: (/** @type {string} */ _module, /** @type {string} */ label) => settings.workers[label],
  },
})

/**
 * Queries and mutations by POST, subscriptions over a WebSocket; what the headers editor says goes with both.
 *
 * @param {Params} params
 * @param {{ headers?: Headers, documentAST?: { definitions: Definition[] } }} [options]
 */
function fetcher(params, { headers = {}, documentAST } = {}) {
  const operations = (documentAST?.definitions ?? []).filter(({ kind }) => kind === 'OperationDefinition')
  const chosen = operations.find(({ name }) => !params.operationName || name?.value === params.operationName)
  if (chosen?.operation !== 'subscription') return post(params, headers)
  return { subscribe: (/** @type {Sink} */ sink) => listen(params, headers, sink) }
}

/**
 * @param {Params} params
 * @param {Headers} headers
 * @returns {Promise<unknown>}
 */
async function post(params, headers) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { accept: 'application/graphql-response+json', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(params),
  })
  return await response.json()
}

/**
 * One subscription on a socket of its own, by the graphql-transport-ws protocol.
 *
 * @param {Params} params
 * @param {Headers} headers
 * @param {Sink} sink
 */
function listen(params, headers, sink) {
  const socket = new WebSocket(endpoint.href.replace(/^http/, 'ws'), 'graphql-transport-ws')
  const send = (/** @type {object} */ message) => socket.send(JSON.stringify(message))
  let ended = false
  const end = (/** @type {() => void} */ tell) => {
    if (ended) return
    ended = true
    socket.close(1000)
    tell()
  }
  const receive = (/** @type {Message} */ { type, payload }) => {
    switch (type) {
      case 'connection_ack':
        return send({ id: '1', type: 'subscribe', payload: params })
      case 'ping':
        return send({ type: 'pong' })
      case 'next':
        return sink.next(payload)
      case 'error':
        return end(() => sink.error({ errors: payload }))
      case 'complete':
        return end(() => sink.complete())
    }
  }
  socket.addEventListener('open', () => send({ type: 'connection_init', payload: headers }))
  socket.addEventListener('message', ({ data }) => receive(/** @type {Message} */ (JSON.parse(String(data)))))
  socket.addEventListener('close', ({ code, reason }) =>
    end(() => sink.error(new Error(`The socket was closed: ${code} ${reason}`))),
  )
  return { unsubscribe: () => end(() => {}) }
}

/**
 * GraphiQL remembers the headers of its tabs: the token in them that was filled in before is replaced by today's.
 *
 * @param {string} token
 */
function refreshToken(token) {
  const before = localStorage.getItem('taskwire:token')
  if (before !== null && before !== token)
    for (const key of Object.keys(localStorage))
      localStorage.setItem(key, localStorage.getItem(key)?.replaceAll(before, token) ?? '')
  localStorage.setItem('taskwire:token', token)
}

/**
 * The tab to begin with: the one that a link leads to, else the one that was open last. GraphiQL has them all in store,
 * but begins with a new, empty one unless it is told the contents of another.
 *
 * @returns {Tab | undefined}
 */
function tabToOpen() {
  const { tabs, activeTabIndex } = storedTabs()
  const linked = new URLSearchParams(location.search).get('query')
  return linked === null ? tabs[activeTabIndex] : tabs.find(({ query }) => query === linked)
}

/** @returns {Tabs} none where what is in store is of another version */
function storedTabs() {
  try {
    const stored = /** @type {Partial<Tabs> | null} */ (JSON.parse(localStorage.getItem('graphiql:tabState') ?? 'null'))
    return { tabs: stored?.tabs ?? [], activeTabIndex: stored?.activeTabIndex ?? 0 }
  } catch {
    return { tabs: [], activeTabIndex: 0 }
  }
}

addEventListener('load', () => {
  if (settings.token !== undefined) refreshToken(settings.token)
  const headers = JSON.stringify({ Authorization: `Bearer ${settings.token ?? '<token>'}` }, null, 2)
  const tab = tabToOpen()
  const { YogaGraphiQL } = /** @type {GraphiQL} */ (Object(globalThis))
  YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
    title: 'Taskwire',
    logo: ' ',
    fetcher,
    headers,
    defaultTabs: settings.tabs.map((tabToBegin) => ({ ...tabToBegin, headers })),
    query: tab?.query ?? undefined,
    variables: tab?.variables ?? undefined,
    initialHeaders: tab?.headers ?? headers,
    defaultEditorToolsVisibility: 'headers',
  })
})
