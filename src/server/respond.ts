import type { ServerResponse } from 'node:http'

/**
 * Writes what Yoga answers to Node's response. The adapter's own way would show the stack of a fault of ours to the
 * client, and go on reading a stream of events for one that is gone.
 */
export async function respond(answer: Response, response: ServerResponse): Promise<void> {
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) response.setHeader(name, value)
  if (answer.body === null) {
    response.end()
  } else if (isEventStream(answer)) {
    // "none" is no coding (RFC 9110, section 8.4.1); that proxies are to leave a stream alone is said by no-transform.
    response.removeHeader('content-encoding')
    response.setHeader('cache-control', 'no-cache, no-transform')
    response.setHeader('x-accel-buffering', 'no')
    await pipe(answer.body, response)
  } else {
    response.end(await answer.text())
  }
}

export function isEventStream(answer: Response): boolean {
  return answer.headers.get('content-type')?.startsWith('text/event-stream') === true
}

/** Reads on only as fast as the client does, and no longer than it is there. */
async function pipe(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const leave = () => void reader.cancel().catch(() => undefined)
  response.once('close', leave)
  response.flushHeaders()
  for (let step = await reader.read(); !step.done && !response.destroyed; step = await reader.read())
    if (!response.write(step.value)) await writable(response)
  response.end()
}

function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.once('drain', go)
    response.once('close', go)
    if (response.destroyed) go()
  })
}

/** A small answer of our own, as JSON. */
export function respondJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}
