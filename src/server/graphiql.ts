import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fingerprint } from './entity-tag.ts'
import { type Example, readExamples } from './graphiql-examples.ts'
import { contentSecurityPolicy, isOwnName } from './page-security.ts'
import { IMMUTABLE, StaticFile } from './static-file.ts'

/** GraphiQL as a page of this server alone: whatever it needs is served here, and it may connect nowhere else. */
export interface GraphiQL {
  /** A browser asks for a page, where other clients ask for JSON. */
  isAskedFor(request: IncomingMessage): boolean
  respondPage(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Answers for the files of the page, with true; not for other paths. */
  respondAsset(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

export interface GraphiQLOptions {
  readonly publicUrl: string
  /** Makes the token that the page fills in; in development only. */
  readonly developmentToken: (() => Promise<string>) | undefined
}

const FOLDER = '/graphiql/'
const PAGE_SCRIPT = new URL('./graphiql-page.js', import.meta.url)

/** Styles are set by script all over Monaco; scripts and workers are this server's own. */
const MAY = [
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
]

export function createGraphiQL({ publicUrl, developmentToken }: GraphiQLOptions): GraphiQL {
  let loading: Promise<Assets> | undefined
  const assets = () => {
    loading ??= Assets.load()
    return loading
  }

  return {
    isAskedFor: ({ method, headers }) => method === 'GET' && headers.accept?.includes('text/html') === true,

    async respondPage({ headers: { host } }, response) {
      const { paths, examples } = await assets()
      const token = isOwnName(host, publicUrl) ? await developmentToken?.() : undefined
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': contentSecurityPolicy(host, MAY),
      })
      response.end(page(paths, { token, tabs: examples.map(tabOf), workers: paths.workers }))
    },

    async respondAsset(path, request, response) {
      if (!path.startsWith(FOLDER)) return false
      return (await assets()).respond(path, request, response)
    },
  }
}

function tabOf({ query, variables }: Example): object {
  const given = variables(new Date())
  return { query, ...(Object.keys(given).length > 0 && { variables: JSON.stringify(given, null, 2) }) }
}

interface Paths {
  readonly script: string
  readonly page: string
  readonly style: string
  readonly workers: Readonly<Record<string, string>>
}

function page(paths: Paths, settings: object): string {
  // In a script of a type that is not run; "<" would end it.
  const json = JSON.stringify(settings).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Taskwire</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="${paths.style}" />
  </head>
  <body class="no-focus-outline">
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root" style="height: 100vh"></div>
    <script type="application/json" id="settings">${json}</script>
    <script src="${paths.page}"></script>
    <script src="${paths.script}"></script>
  </body>
</html>
`
}

type Parts = typeof import('@graphql-yoga/render-graphiql/graphiql')

/** The files of the page, each under a name with its hash, so that browsers keep it; and what it begins with. */
class Assets {
  readonly paths: Paths
  readonly examples: readonly Example[]
  readonly #files = new Map<string, StaticFile>()

  private constructor(parts: Parts, pageScript: string, examples: readonly Example[]) {
    this.examples = examples
    const script = (name: string, content: string) => this.#add(name, 'js', 'text/javascript', content)
    this.paths = {
      script: script('graphiql', parts.js),
      page: script('page', pageScript),
      style: this.#add('graphiql', 'css', 'text/css', parts.css),
      workers: {
        editorWorkerService: script('editor-worker', parts.editorWorkerService),
        json: script('json-worker', parts.jsonWorker),
        graphql: script('graphql-worker', parts.graphqlWorker),
      },
    }
  }

  /** Takes some 30 MB of memory, so only once somebody opens the page. */
  static async load(): Promise<Assets> {
    return new Assets(
      ...(await Promise.all([
        import('@graphql-yoga/render-graphiql/graphiql'),
        readFile(PAGE_SCRIPT, 'utf8'),
        readExamples(),
      ])),
    )
  }

  async respond(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const file = this.#files.get(path)
    if (file === undefined) return false
    await file.respond(request, response, IMMUTABLE)
    return true
  }

  #add(name: string, extension: string, type: string, content: string): string {
    const path = `${FOLDER}${name}-${fingerprint(content)}.${extension}`
    this.#files.set(path, new StaticFile(type, content))
    return path
  }
}
