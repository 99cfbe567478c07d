import type { ClientResult } from '../../dev/client.ts'

/** What came of one try of a request. */
export type Reply<Data> =
  /** `trouble`: the code of an error deeper than the field, whose effect that leaves as it is. */
  | { readonly kind: 'data'; readonly data: Data; readonly trouble: string | undefined }
  /** An error whose code says that nothing changed. */
  | { readonly kind: 'refused'; readonly code: string; readonly text: string }
  /** No answer, or one that leaves open what happened. */
  | { readonly kind: 'unknown'; readonly reason: string }

export interface Request {
  readonly url: string
  readonly token: string
  readonly query: string
  readonly variables: object
  /** The one field that it asks for. */
  readonly field: string
  readonly correlationId?: string
  readonly patienceMs: number
}

/** After these, as after no answer, nobody knows what happened (see the promises in contract/events.md). */
const OPEN_CODES = new Set(['SERVICE_UNAVAILABLE', 'INTERNAL_SERVER_ERROR'])

/** Sends a request once. */
export async function send<Data>(request: Request): Promise<Reply<Data>> {
  const { url, token, query, variables, field, correlationId, patienceMs } = request
  let result: ClientResult<Record<string, Data | null>>
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...(correlationId !== undefined && { 'x-correlation-id': correlationId }),
      },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(patienceMs),
    })
    // It has GraphQL's form, or is no JSON and rejects.
    result = (await response.json()) as typeof result
  } catch (error) {
    return { kind: 'unknown', reason: reasonOf(error) }
  }
  const data = result.data?.[field]
  const [error] = result.errors ?? []
  const code = String(error?.extensions?.code)
  if (data != null) return { kind: 'data', data, trouble: error === undefined ? undefined : code }
  if (OPEN_CODES.has(code)) return { kind: 'unknown', reason: code }
  return { kind: 'refused', code, text: JSON.stringify(result) }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
  return error.name === 'TimeoutError' ? 'no answer' : error.message
}
