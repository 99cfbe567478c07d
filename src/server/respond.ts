import type { ServerResponse } from 'node:http'

/**
 * Writes what Yoga answers to Node's response. The adapter's own way would show the stack of a fault of ours to the
 * client.
 */
export async function respond(answer: Response, response: ServerResponse): Promise<void> {
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) response.setHeader(name, value)
  // "none", which Yoga says of events, is no coding (RFC 9110, section 8.4.1).
  if (response.getHeader('content-encoding') === 'none') response.removeHeader('content-encoding')
  response.end(answer.body === null ? undefined : await answer.text())
}

/** A small answer of our own, as JSON. */
export function respondJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}
