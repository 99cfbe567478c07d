import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { posix } from 'node:path'
import { fingerprint } from './entity-tag.ts'
import { contentSecurityPolicy, isOwnName } from './page-security.ts'
import { respondJson } from './respond.ts'
import { ASK_EACH_TIME, IMMUTABLE, StaticFile } from './static-file.ts'
import { GRAPHQL_PATH } from './yoga.ts'

/**
 * The dashboard: a page at `/` that is a client of the public API like any other. What lies in `dashboard/` is served as
 * it is, beside graphql-ws's own client; there is no build.
 */
export interface Dashboard {
  /** Answers for the page and all that belongs to it, with true; not for other paths. */
  respond(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

export interface DashboardOptions {
  readonly publicUrl: string
  /** Whether there is a GraphiQL to lead newcomers to. */
  readonly graphiql: boolean
  /** Makes the token that the page begins with; in development only. */
  readonly developmentToken: (() => Promise<string>) | undefined
}

const PAGE_PATH = '/'
const FOLDER = '/dashboard/'
const TOKEN_PATH = `${FOLDER}development-token`
const SOURCE = new URL('./dashboard/', import.meta.url)
const PAGE = 'index.html'
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
}

export function createDashboard({ publicUrl, graphiql, developmentToken }: DashboardOptions): Dashboard {
  let loading: Promise<Site> | undefined
  const site = () => {
    loading ??= loadSite({
      graphiql: graphiql ? GRAPHQL_PATH : '',
      'development-token': developmentToken === undefined ? '' : TOKEN_PATH,
    }).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }

  /** A resource of its own and not a part of the page, so that the page can ask again once its token has ended. */
  const respondToken = async ({ headers: { host } }: IncomingMessage, response: ServerResponse) => {
    if (developmentToken === undefined || !isOwnName(host, publicUrl)) return false
    respondJson(response, 200, { token: await developmentToken() })
    return true
  }

  return {
    async respond(path, request, response) {
      if (path === TOKEN_PATH) return await respondToken(request, response)
      if (path !== PAGE_PATH && !path.startsWith(FOLDER)) return false
      const { page, mayRun, version, files } = await site()
      if (path === PAGE_PATH) {
        const policy = contentSecurityPolicy(request.headers.host, mayRun)
        await page.respond(request, response, ASK_EACH_TIME, { 'content-security-policy': policy })
        return true
      }
      const [asked, ...name] = path.slice(FOLDER.length).split('/')
      const file = files.get(name.join('/'))
      if (file === undefined) return false
      // While a new version is rolled out, the page may come from one gateway and its files from another.
      await file.respond(request, response, asked === version ? IMMUTABLE : ASK_EACH_TIME)
      return true
    },
  }
}

interface Site {
  readonly page: StaticFile
  /** What the page's Content-Security-Policy allows, beside what every page may do. */
  readonly mayRun: readonly string[]
  /** Changes with any of the files, and stands in their paths: so they can import each other by name, and be kept. */
  readonly version: string
  readonly files: ReadonlyMap<string, StaticFile>
}

async function loadSite(settings: Readonly<Record<string, string>>): Promise<Site> {
  const contents = new Map([...(await readOwnFiles()), ...(await readModules('graphql-ws/client', 'graphql-ws/'))])
  const version = fingerprint(...[...contents].toSorted(([a], [b]) => (a < b ? -1 : 1)).flat())
  const template = contents.get(PAGE) ?? ''
  contents.delete(PAGE)
  const folder = `${FOLDER}${version}`
  // Modules name the package as they would anywhere.
  const importMap = JSON.stringify({ imports: { 'graphql-ws': `${folder}/graphql-ws/client.js` } })
  const page = Object.entries({ ...settings, folder, 'import-map': importMap }).reduce(
    (text, [name, value]) => text.replaceAll(`{{${name}}}`, value),
    template,
  )
  return {
    page: new StaticFile('text/html', page),
    mayRun: [
      `script-src 'self' 'sha256-${createHash('sha256').update(importMap).digest('base64')}'`,
      "style-src 'self'",
      "img-src 'self'",
      // No text can become HTML or script by mistake: what would do that throws.
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ],
    version,
    files: new Map([...contents].map(([name, content]) => [name, new StaticFile(typeOf(name), content)])),
  }
}

const typeOf = (name: string) => TYPES[posix.extname(name)] ?? ''

async function readOwnFiles(): Promise<[name: string, content: string][]> {
  const names = (await readdir(SOURCE)).filter((name) => typeOf(name) !== '')
  return await Promise.all(
    names.map(async (name): Promise<[string, string]> => [name, await readFile(new URL(name, SOURCE), 'utf8')]),
  )
}

const RELATIVE_IMPORT = /\bfrom\s+['"]\.\/([^'"]+)['"]/g

/** A module of a package with those beside it that it imports, under names below `folder`; the first is `client.js`. */
async function readModules(specifier: string, folder: string): Promise<[name: string, content: string][]> {
  const found = new Map<string, string>()
  const read = async (url: URL): Promise<void> => {
    const name = folder + posix.basename(url.pathname)
    if (found.has(name)) return
    const content = await readFile(url, 'utf8')
    found.set(name, content)
    for (const [, file = ''] of content.matchAll(RELATIVE_IMPORT)) await read(new URL(file, url))
  }
  await read(new URL(import.meta.resolve(specifier)))
  return [...found]
}
