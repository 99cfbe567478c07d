import type { IncomingMessage, ServerResponse } from 'node:http'
import { publishedDocuments } from '../events/published.ts'
import { fingerprint, isHeld } from './entity-tag.ts'

/** The event contract for machines, below PUBLIC_URL: anybody may read it, from any page, without a token. */
export interface Publications {
  /** Answers for the documents, with true; not for other paths. */
  respond(path: string, request: IncomingMessage, response: ServerResponse): boolean
}

interface Publication {
  readonly contentType: string
  readonly body: Buffer
  readonly etag: string
}

/** A schema grows by fields that may be absent: one that is an hour old still takes what is published now. */
const CACHE_CONTROL = 'public, max-age=3600'
const METHODS = 'GET, HEAD'

export function createPublications(publicUrl: string): Publications {
  let made: ReadonlyMap<string, Publication> | undefined
  const publications = () => {
    // Some 40 ms of work, so only once somebody asks.
    made ??= new Map(
      publishedDocuments(publicUrl).map(({ path, contentType, content }) => {
        const body = Buffer.from(JSON.stringify(content, null, 2))
        return [path, { contentType, body, etag: `"${fingerprint(body)}"` }]
      }),
    )
    return made
  }

  return {
    respond(path, { method, headers }, response) {
      if (!path.startsWith('/events/') && path !== '/asyncapi.json') return false
      const found = publications().get(path)
      if (found === undefined) return false
      const { contentType, body, etag } = found
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('cross-origin-resource-policy', 'cross-origin')
      if (method !== 'GET' && method !== 'HEAD') {
        response.writeHead(405, { allow: METHODS }).end()
        return true
      }
      response.setHeaders(
        new Map([
          ['cache-control', CACHE_CONTROL],
          ['etag', etag],
        ]),
      )
      if (isHeld(etag, headers['if-none-match'])) {
        response.writeHead(304).end()
        return true
      }
      response.writeHead(200, { 'content-type': contentType, 'content-length': body.length })
      response.end(method === 'HEAD' ? undefined : body)
      return true
    },
  }
}
