import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { Gateway, signToken } from './helpers/gateway.ts'
import { rawGet } from './helpers/raw-get.ts'

const gateway = await Gateway.start()
after(() => gateway[Symbol.asyncDispose]())

const pageOf = async (url: string) => await (await fetch(url)).text()
/** The folder of the page's files. */
const folderOf = (page: string) => /\/dashboard\/[\w-]{22}\//.exec(page)?.[0] ?? ''

test('the page is at the root, may run nothing but its own, and is asked for again each time', async () => {
  const page = await fetch(gateway.url)
  const html = await page.text()
  assert.equal(page.status, 200)
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(page.headers.get('cache-control'), 'no-cache')
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none'; script-src 'self' 'sha256-[^']+'; style-src 'self'; img-src 'self'; /)
  assert.doesNotMatch(policy, /unsafe|data:|\*/)
  assert.match(policy, new RegExp(`connect-src 'self' ws://${new URL(gateway.url).host} wss:`))
  const [, map = ''] = /<script type="importmap">(.*)<\/script>/.exec(html) ?? []
  assert.ok(policy.includes(`'sha256-${createHash('sha256').update(map).digest('base64')}'`))
  assert.doesNotMatch(html, /\{\{|\sstyle=|\son\w+=|https?:\/\//)

  const etag = page.headers.get('etag') ?? ''
  const again = await fetch(gateway.url, { headers: { 'if-none-match': `"other", ${etag}` } })
  assert.equal(again.status, 304)
  assert.equal(again.headers.get('content-security-policy'), policy)
  assert.equal((await fetch(gateway.url, { headers: { 'if-none-match': '"other"' } })).status, 200)
  assert.equal((await fetch(gateway.url, { method: 'HEAD' })).headers.get('etag'), etag)
  assert.equal((await fetch(gateway.url, { method: 'POST' })).status, 404)
})

test('all that it loads is there, compressed and to be kept, graphql-ws’s own client with it', async () => {
  const html = await pageOf(gateway.url)
  const found = new Map<string, string>()
  const load = async (path: string): Promise<void> => {
    if (found.has(path)) return
    const response = await fetch(gateway.url + path)
    assert.equal(response.status, 200, path)
    assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.equal(response.headers.get('content-encoding'), 'gzip')
    const text = await response.text()
    found.set(path, text)
    if (path.endsWith('.js'))
      for (const [, specifier = ''] of text.matchAll(/^(?:import|export)\b.*?from ['"](\.[^'"]+)['"]/gm))
        await load(new URL(specifier, gateway.url + path).pathname)
  }
  for (const [path] of html.matchAll(/\/dashboard\/[^"]+\.(?:js|css|svg)/g)) await load(path)
  const names = [...found.keys()].map((path) => path.slice(folderOf(html).length))
  for (const name of [
    'main.js',
    'theme.js',
    'style.css',
    'panels.css',
    'icon.svg',
    'follow.js',
    'graphql-ws/client.js',
  ])
    assert.ok(names.includes(name), `${name} is not among ${names.join(', ')}`)
})

test('a file of another version, while one is rolled out, is not kept; what is none of the page’s is not there', async () => {
  const folder = folderOf(await pageOf(gateway.url))
  const other = await fetch(`${gateway.url}/dashboard/of-another-gateway/main.js`)
  assert.equal(other.status, 200)
  assert.equal(other.headers.get('cache-control'), 'no-cache')
  for (const path of ['types.ts', 'follow.test.ts', 'index.html', '../dashboard.ts', '..%2Fdashboard.ts', 'x.js', ''])
    assert.equal((await rawGet(gateway.url + folder + path)).status, 404, path)
  assert.equal((await fetch(`${gateway.url}/dashboard/development-token`)).status, 404)
})

test('the development server’s token is for the own name only, and each is made anew', async () => {
  let made = 0
  const developmentToken = async () => {
    made += 1
    return await signToken({ made })
  }
  await using development = await Gateway.start(
    { PUBLIC_URL: 'http://tasks.example.test:4000', GRAPHIQL: 'true' },
    { developmentToken },
  )
  const { port } = new URL(development.url)
  const [, path = ''] = /data-development-token="([^"]+)"/.exec(await pageOf(development.url)) ?? []
  const askedAs = (host: string) => rawGet(development.url + path, { host: `${host}:${port}` })
  const tokens = await Promise.all(['localhost', '127.0.0.1', 'tasks.example.test'].map(askedAs))
  assert.deepEqual(
    tokens.map(({ status, headers }) => [status, headers['cache-control']]),
    tokens.map(() => [200, 'no-store']),
  )
  assert.equal(new Set(tokens.map(({ body }) => JSON.parse(body.toString()).token)).size, 3)
  for (const host of ['evil.test', 'localhost.evil.test']) assert.equal((await askedAs(host)).status, 404, host)
  const page = await rawGet(development.url, { host: `evil.test:${port}` })
  assert.doesNotMatch(page.body.toString(), /eyJ/, 'the page itself has no token')
})

test('newcomers are led to GraphiQL where there is one', async () => {
  await using on = await Gateway.start({ GRAPHIQL: 'true' })
  assert.match(await pageOf(on.url), /data-path="\/graphql"/)
  await using off = await Gateway.start({ GRAPHIQL: 'false' })
  assert.match(await pageOf(off.url), /data-path=""/)
})

test('where it is switched off there is no page, no file and no token', async () => {
  const folder = folderOf(await pageOf(gateway.url))
  await using off = await Gateway.start({ DASHBOARD: 'false' }, { developmentToken: () => signToken() })
  for (const path of ['/', `${folder}main.js`, '/dashboard/development-token'])
    assert.equal((await fetch(off.url + path)).status, 404, path)
})
