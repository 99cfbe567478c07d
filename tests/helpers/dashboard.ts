import assert from 'node:assert/strict'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, errors, type Page } from 'playwright-core'
import { type WatchedPage, watchPage } from './browser.ts'

const EXPECTED_TROUBLE = /ERR_CONNECTION|WebSocket connection to|\/graphql$|status of 401/

/** The dashboard as its user has it: what it shows, and what is done with it. */
export class Dashboard implements AsyncDisposable {
  readonly page: Page
  readonly #watched: WatchedPage
  /** The cursors after which it has subscribed, and the last one that it was sent. */
  readonly subscribedAfter: (string | undefined)[] = []
  lastCursor: string | undefined
  /** How often it has read the numbers, and had the development server make a token. */
  reads = 0
  tokens = 0

  private constructor(watched: WatchedPage) {
    this.page = watched.page
    this.#watched = watched
    this.page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        const { type, payload: operation } = JSON.parse(String(payload)) as Frame
        if (type === 'subscribe') this.subscribedAfter.push(operation?.variables?.after)
      })
      socket.on('framereceived', ({ payload }) => {
        const { type, payload: result } = JSON.parse(String(payload)) as Frame
        if (type === 'next') this.lastCursor = result?.data?.syncEvents.cursor
      })
    })
    this.page.on('request', (request) => {
      if (request.postData()?.includes('query Numbers') === true) this.reads += 1
      if (request.url().endsWith('/development-token')) this.tokens += 1
    })
  }

  static async open(browser: Browser, url: string, options: OpenOptions = {}): Promise<Dashboard> {
    const { token, steeredClock = false, ...more } = options
    const context = await browser.newContext({ timezoneId: zoneAtNoon(), ...more })
    if (steeredClock) await context.clock.install()
    if (token !== undefined)
      await context.addInitScript((given) => {
        if (sessionStorage.getItem('taskwire:token') === null) sessionStorage.setItem('taskwire:token', given)
      }, token)
    const dashboard = new Dashboard(watchPage(await context.newPage()))
    await dashboard.page.goto(url)
    return dashboard
  }

  /** What the browser complained of, other than that the server is away or refuses a token, which it always does. */
  get troubles(): readonly string[] {
    return this.#watched.troubles.filter((trouble) => !EXPECTED_TROUBLE.test(trouble))
  }

  get origins(): readonly string[] {
    return [...this.#watched.origins]
  }

  async isInPhase(phase: string, options: { readonly timeout?: number } = {}): Promise<void> {
    await this.page.locator(`.connection[data-phase="${phase}"]`).waitFor(options)
  }

  /** Waits until a figure is this. */
  async counts(name: 'overdue' | 'dueToday' | 'completedToday' | 'open', count: number): Promise<void> {
    await this.page.locator(`[data-count="${name}"]`).getByText(String(count), { exact: true }).waitFor()
  }

  /** Waits until something is told in these words, and answers with how often it is. */
  async tells(sentence: string): Promise<number> {
    const told = this.page.locator('.sentence', { hasText: sentence })
    await told.first().waitFor()
    return await told.count()
  }

  /** Gives it a token that ends soon after it is live; where it was not live in time, another. */
  async signInBriefly(makeToken: (ttl: string) => Promise<string>): Promise<void> {
    for (let seconds = 2; ; seconds *= 2) {
      await this.isInPhase('signed-out')
      await this.signIn(await makeToken(`${seconds}s`))
      try {
        return await this.isInPhase('live', { timeout: (seconds + 1) * 1_000 })
      } catch (error) {
        if (!(error instanceof errors.TimeoutError) || seconds > 16) throw error
      }
    }
  }

  async signIn(token: string): Promise<void> {
    await this.page.getByLabel('Access token').fill(token)
    await this.page.getByRole('button', { name: 'Show my tasks' }).click()
  }

  /** No rule of WCAG 2.2, A and AA, is broken by the page as it is now, in either theme. */
  async assertAccessible(): Promise<void> {
    for (const theme of ['Dark', 'Light']) {
      await this.page.getByRole('radio', { name: theme }).check()
      await this.page.evaluate(axe.source)
      const { violations } = await this.page.evaluate(async () => {
        const { axe: tool } = globalThis as unknown as { axe: typeof axe } // which the line above has put there
        return await tool.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      })
      assert.deepEqual(
        violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => [id, target, failureSummary])),
        [],
        theme,
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close()
  }
}

/** Where no day ends while a test runs. The names of these zones have the sign of POSIX: minus is east. */
function zoneAtNoon(): string {
  const behind = new Date().getUTCHours() - 12
  return `Etc/GMT${behind < 0 ? behind : `+${behind}`}`
}

interface OpenOptions extends BrowserContextOptions {
  /** Kept in the tab, as if the user had given it before. */
  readonly token?: string
  /** Whether the page's clock, which runs as ours, can be set forward. */
  readonly steeredClock?: boolean
}

/** As far as it is looked at. */
interface Frame {
  readonly type: string
  readonly payload?: {
    readonly variables?: { readonly after?: string }
    readonly data?: { readonly syncEvents: { readonly cursor: string } }
  }
}
