import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { readExamples } from '../src/server/graphiql-examples.ts'
import { browserIsMissing, launchBrowser, type WatchedPage, watchPage } from './helpers/browser.ts'
import { Gateway } from './helpers/gateway.ts'
import { rawGet } from './helpers/raw-get.ts'
import { startTaskwire, type TestTaskwire, userToken } from './helpers/taskwire.ts'

const HTML = { accept: 'text/html,application/xhtml+xml' }
const ON = { GRAPHIQL: 'true' }

/** The page's script is 5 MB, and everything else runs at the same time. */
const PATIENCE_MS = 90_000

test('a browser gets a page, with everything it needs beside it, compressed and to be kept', async () => {
  await using gateway = await Gateway.start(ON)
  const page = await fetch(`${gateway.graphql}?query=%7Bhello%7D`, { headers: HTML })
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self';/)
  const html = await page.text()
  const files = [...html.matchAll(/\/graphiql\/[\w-]+\.(?:js|css)/g)].map(([path]) => path)
  assert.equal(new Set(files).size, 6)
  assert.doesNotMatch(html.replaceAll('http://www.w3.org', ''), /https?:\/\//)
  for (const path of files) {
    const plain = await rawGet(gateway.url + path, {})
    const gzip = await rawGet(gateway.url + path, { 'accept-encoding': 'gzip' })
    assert.equal(gzip.headers['content-encoding'], 'gzip')
    assert.deepEqual(gunzipSync(gzip.body), plain.body)
    assert.match(String(gzip.headers['cache-control']), /immutable/)
  }
})

test('the token is filled in for the own name only: another name may be one that was made to point here', async () => {
  const token = await userToken('developer')
  await using gateway = await Gateway.start(
    { ...ON, PUBLIC_URL: 'http://tasks.example.test:4000' },
    { developmentToken: async () => token },
  )
  const { port } = new URL(gateway.url)
  const pageAt = async (host: string) => (await rawGet(gateway.graphql, { ...HTML, host })).body.toString()
  for (const name of ['localhost', '127.0.0.1', '[::1]', '192.168.1.5', 'tasks.example.test'])
    assert.ok((await pageAt(`${name}:${port}`)).includes(token), name)
  for (const name of ['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test'])
    assert.ok(!(await pageAt(`${name}:${port}`)).includes(token), name)
})

test('where it is off there is no page, no file and no token', async () => {
  await using on = await Gateway.start(ON)
  const [file = ''] = /\/graphiql\/[\w-]+\.js/.exec(await (await fetch(on.graphql, { headers: HTML })).text()) ?? []
  await using off = await Gateway.start({ GRAPHIQL: 'false' }, { developmentToken: () => userToken('developer') })
  const page = await fetch(off.graphql, { headers: HTML })
  assert.notEqual(page.status, 200)
  assert.doesNotMatch(await page.text(), /html/)
  assert.equal((await fetch(on.url + file)).status, 200)
  assert.equal((await fetch(off.url + file)).status, 404)
})

describe('in Chromium', { skip: browserIsMissing('GraphiQL') }, () => {
  let taskwire: TestTaskwire
  let browser: Browser
  let token: string
  before(async () => {
    token = await userToken('developer')
    taskwire = await startTaskwire({ GRAPHIQL: 'true', INTROSPECTION: 'true' }, { developmentToken: async () => token })
    browser = await launchBrowser()
  })
  after(async () => {
    await browser.close()
    await taskwire[Symbol.asyncDispose]()
  })

  test('the first click works for the mutation and for the feed, and nothing is loaded from elsewhere', async () => {
    const watched = await open()
    const feed = watched.page
    const titles = (await readExamples()).map(({ query }) => /^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1])
    assert.deepEqual(await feed.locator('.graphiql-tabs [role=tab]').allInnerTexts(), titles)
    await play(feed, 'Feed')
    await shows(feed, 'SyncCaughtUp')

    const { page, troubles, origins } = await open(watched.page.context())
    await play(page, 'CreateTask')
    const created = await shows(page, '"title": "Buy oat milk"')
    const [, eventId = ''] = /"eventId": "([^"]+)"/.exec(created) ?? []

    const event = await shows(feed, eventId)
    assert.match(event, /"eventType": "task\.created"/)
    // For the README: set TASKWIRE_SCREENSHOT to docs/images/graphiql.png.
    if (process.env.TASKWIRE_SCREENSHOT !== undefined) {
      await feed.bringToFront()
      await feed.screenshot({ path: process.env.TASKWIRE_SCREENSHOT })
    }
    assert.deepEqual([...troubles, ...watched.troubles], [])
    assert.deepEqual([...new Set([...origins, ...watched.origins])], [new URL(taskwire.app.url).origin])
  })

  test('a page that is opened again with another token works with that one', async () => {
    const { page } = await open()
    await play(page, 'CreateTask')
    await shows(page, 'Buy oat milk')
    const earlier = token
    token = await userToken('somebody else')
    await page.reload()
    const headers = page.locator('.graphiql-editor-tool .view-lines')
    await headers.getByText(token.slice(0, 30)).first().waitFor()
    const stored = await page.evaluate(() => JSON.stringify(localStorage))
    assert.ok(stored.includes(token))
    assert.ok(!stored.includes(earlier))
    await play(page, 'CreateTask')
    await shows(page, 'Buy oat milk')
  })

  async function open(context?: ReturnType<Page['context']>): Promise<WatchedPage> {
    const viewport = { width: 1_360, height: 900 }
    const watched = watchPage(await (context ?? (await browser.newContext({ viewport }))).newPage())
    watched.page.setDefaultTimeout(PATIENCE_MS)
    await watched.page.goto(`${taskwire.app.url}/graphql`)
    return watched
  }

  async function play(page: Page, operation: string): Promise<void> {
    // It is a menu once the document, which has two operations, has been read.
    await page.locator('.graphiql-execute-button[aria-haspopup=menu]').click()
    await page.getByRole('menuitem', { name: operation }).click()
  }

  /** Waits until the answer shows a text, and hands on all of it. */
  async function shows(page: Page, text: string): Promise<string> {
    const answer = page.locator('.result-window .view-lines')
    await answer.filter({ hasText: text }).waitFor()
    return (await answer.innerText()).replaceAll('\u00a0', ' ')
  }
})
