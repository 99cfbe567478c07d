import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { GraphQLError } from 'graphql'

/** The answer to a body that is larger than allowed. */
function tooLarge(limit: number): GraphQLError {
  return new GraphQLError(`The request's body is too large; at most ${limit} bytes are allowed.`, {
    extensions: { code: 'LIMIT_EXCEEDED', limit },
  })
}

/**
 * The limit on bodies that say how long they are; Node's parser holds them to it. It stands in front of Yoga's own,
 * which sends each body through a stream and takes as long as the rest of a small request.
 *
 * @throws GraphQLError LIMIT_EXCEEDED
 */
export function checkContentLength(contentLength: string | null, limit: number): void {
  if (contentLength !== null && Number(contentLength) > limit) throw tooLarge(limit)
}

/** The body of a request that does not say how long it is; reading it throws LIMIT_EXCEEDED once it is too long. */
export function countedBody(request: IncomingMessage, limit: number): Readable {
  return Readable.from(
    (async function* () {
      let bytes = 0
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > limit) break
        yield chunk
      }
      if (bytes <= limit) return
      // The rest has to be read past: destroyed, the request would take its connection and the answer with it; paused,
      // it would hold up the next request on the connection. The iterator lets go of it only after this.
      setImmediate(() => request.resume())
      throw tooLarge(limit)
    })(),
    { objectMode: false },
  )
}
