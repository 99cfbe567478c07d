import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const BROWSER = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: BROWSER, args: FLAGS })
}

/** Why nothing can be tried in a browser here, or `false`; said so that nobody overlooks it. */
export function browserIsMissing(what: string): string | false {
  if (existsSync(BROWSER)) return false
  const message = `${what} is NOT TESTED: there is no ${BROWSER}; set CHROMIUM_BIN.`
  process.stderr.write(`\n${'*'.repeat(80)}\n${message}\n${'*'.repeat(80)}\n\n`)
  return message
}

/** A page, and what the browser has to say about it. */
export interface WatchedPage {
  readonly page: Page
  /** What the browser complained of: errors, warnings, violations of the page's policy, requests that failed. */
  readonly troubles: string[]
  /** From where something was asked for. */
  readonly origins: Set<string>
}

export function watchPage(page: Page): WatchedPage {
  const troubles: string[] = []
  const origins = new Set<string>()
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text())
  })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('requestfailed', (failed) => troubles.push(failed.url()))
  page.on('request', (asked) => {
    if (/^(https?|wss?):/.test(asked.url())) origins.add(new URL(asked.url()).origin)
  })
  return { page, troubles, origins }
}
