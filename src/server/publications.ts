import type { IncomingMessage, ServerResponse } from 'node:http'
import { publishedDocuments } from '../events/published.ts'
import { StaticFile } from './static-file.ts'

/** The event contract for machines, below PUBLIC_URL: anybody may read it, from any page, without a token. */
export interface Publications {
  /** Answers for the documents, with true; not for other paths. */
  respond(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

/** A schema grows by fields that may be absent: one that is an hour old still takes what is published now. */
const CACHE_CONTROL = 'public, max-age=3600'
const METHODS = 'GET, HEAD'
const FOR_EVERY_PAGE = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

export function createPublications(publicUrl: string): Publications {
  let made: ReadonlyMap<string, StaticFile> | undefined
  const publications = () => {
    // Some 40 ms of work, so only once somebody asks.
    made ??= new Map(
      publishedDocuments(publicUrl).map(({ path, contentType, content }) => {
        return [path, new StaticFile(contentType, JSON.stringify(content, null, 2))]
      }),
    )
    return made
  }

  return {
    async respond(path, request, response) {
      if (!path.startsWith('/events/') && path !== '/asyncapi.json') return false
      const found = publications().get(path)
      if (found === undefined) return false
      if (request.method === 'GET' || request.method === 'HEAD')
        await found.respond(request, response, CACHE_CONTROL, FOR_EVERY_PAGE)
      else response.writeHead(405, { ...FOR_EVERY_PAGE, allow: METHODS }).end()
      return true
    },
  }
}
