import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

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
/** 5 MB of script: as small as at 11 to within a tenth, in a twentieth of the time. */
const BROTLI_QUALITY = 5

const WELCOME = `# Every change comes back as an event.
#
# 1. Press play and choose Feed: it stays open.
# 2. Open this page in a second window, and play
#    CreateTask there: its event arrives here.

mutation CreateTask {
  createTask(
    input: {
      title: "Buy oat milk"
      tags: ["errands"]
    }
  ) {
    task {
      id
      title
      status
    }
    eventId
  }
}

subscription Feed {
  syncEvents {
    __typename
    ... on SyncEvent {
      eventId
      eventType
      version
      entity {
        ... on Task {
          title
          status
        }
      }
      timestamp
    }
  }
}
`

export function createGraphiQL({ publicUrl, developmentToken }: GraphiQLOptions): GraphiQL {
  let loading: Promise<Assets> | undefined
  const assets = () => {
    loading ??= Assets.load()
    return loading
  }

  return {
    isAskedFor: ({ method, headers }) => method === 'GET' && headers.accept?.includes('text/html') === true,

    async respondPage({ headers: { host } }, response) {
      const { paths } = await assets()
      const token = isOwnName(host, publicUrl) ? await developmentToken?.() : undefined
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': contentSecurityPolicy(host),
      })
      response.end(page(paths, { token, query: WELCOME, workers: paths.workers }))
    },

    async respondAsset(path, request, response) {
      if (!path.startsWith(FOLDER)) return false
      return (await assets()).respond(path, request, response)
    },
  }
}

/**
 * Whether the page may hold a token: it was asked for by an address, by `localhost` or by the server's own name. By any
 * other name it may be a page elsewhere that had its name point here to read it (DNS rebinding).
 */
function isOwnName(host: string | undefined, publicUrl: string): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return name === 'localhost' || isIP(name) !== 0 || name === new URL(publicUrl).hostname
}

/** Styles are set by script all over Monaco; scripts, workers and connections are this server's own. */
function contentSecurityPolicy(host: string | undefined): string {
  const sockets = host !== undefined && URL.canParse(`ws://${host}`) ? ` ws://${host} wss://${host}` : ''
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
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

type Encoding = 'br' | 'gzip'

interface Asset {
  readonly type: string
  readonly content: string
  readonly encoded: Partial<Record<Encoding, Promise<Buffer>>>
}

const compress: Readonly<Record<Encoding, (content: string) => Promise<Buffer>>> = {
  br: (content) => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (content) => promisify(gzip)(content),
}

/** The files of the page, each under a name with its hash, so that browsers keep it; compressed when first asked for. */
class Assets {
  readonly paths: Paths
  readonly #assets = new Map<string, Asset>()

  private constructor(parts: typeof import('@graphql-yoga/render-graphiql/graphiql'), pageScript: string) {
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
    const [parts, pageScript] = await Promise.all([
      import('@graphql-yoga/render-graphiql/graphiql'),
      readFile(PAGE_SCRIPT, 'utf8'),
    ])
    return new Assets(parts, pageScript)
  }

  async respond(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const asset = this.#assets.get(path)
    if (asset === undefined) return false
    const accepted = request.headers['accept-encoding'] ?? ''
    const encoding = (['br', 'gzip'] as const).find((name) => accepted.includes(name))
    const body =
      encoding === undefined ? asset.content : await (asset.encoded[encoding] ??= compress[encoding](asset.content))
    response.writeHead(200, {
      'content-type': `${asset.type}; charset=utf-8`,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    })
    response.end(body)
    return true
  }

  #add(name: string, extension: string, type: string, content: string): string {
    const hash = createHash('sha256').update(content).digest('base64url').slice(0, 12)
    const path = `${FOLDER}${name}-${hash}.${extension}`
    this.#assets.set(path, { type, content, encoded: {} })
    return path
  }
}
