import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { startWorld, tokensFor } from '../bench/world.ts'
import { connectClient } from '../dev/client.ts'
import { launchBrowser } from '../tests/helpers/browser.ts'
import { liveThroughFortnight } from './fortnight.ts'
import { runScript } from './run-script.ts'

/*
 * `npm run screenshots` makes the README's pictures of the dashboard again, from the real program with two weeks of
 * tasks. `-- --into <folder>` makes others, too, to be looked at: light and dark, from a phone to a wall, full and empty.
 */

const IMAGES = join(import.meta.dirname, '../docs/images')
const THEMES = ['light', 'dark'] as const
const DESK = { width: 1_360, height: 860 }
const SIZES = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1_180 },
  desk: DESK,
  wall: { width: 1_920, height: 1_080 },
}
/** In the afternoon a day has both: what was done, and what is still to do. */
const HOUR_OF_THE_PICTURE = 16
const ZONES = [
  'America/Los_Angeles',
  'America/New_York',
  'America/Sao_Paulo',
  'Europe/London',
  'Europe/Helsinki',
  'Asia/Karachi',
  'Asia/Bangkok',
  'Asia/Tokyo',
  'Pacific/Auckland',
]

interface Picture {
  readonly viewport: { readonly width: number; readonly height: number }
  readonly theme: (typeof THEMES)[number]
  /** Of whose tasks; undefined: of nobody's. */
  readonly token: string | undefined
  readonly path: string
}

async function main(): Promise<string> {
  const { values } = parseArgs({ options: { into: { type: 'string' } } })
  await using world = await startWorld()
  const { url } = await world.taskwire('all')
  const [full = '', empty = ''] = await tokensFor(['alice', 'newcomer'])
  await using client = connectClient(url, full)
  await liveThroughFortnight(client, async (ms) => {
    await world.query('UPDATE clock SET shift_ms = $1', [ms])
  })
  const folder = values.into ?? IMAGES
  await mkdir(folder, { recursive: true })
  const pictures = values.into === undefined ? forTheReadme(full) : ofEachState(folder, { full, empty })
  const browser = await launchBrowser()
  try {
    for (const picture of pictures) await take(browser, url, picture)
  } finally {
    await browser.close()
  }
  return folder
}

function forTheReadme(token: string): Picture[] {
  return THEMES.map((theme) => ({ viewport: DESK, theme, token, path: join(IMAGES, `dashboard-${theme}.png`) }))
}

function ofEachState(folder: string, { full, empty }: { readonly full: string; readonly empty: string }): Picture[] {
  const states = Object.entries({ full, empty, 'signed-out': undefined })
  return Object.entries(SIZES).flatMap(([size, viewport]) =>
    THEMES.flatMap((theme) =>
      states.map(([state, token]) => ({ viewport, theme, token, path: join(folder, `${size}-${theme}-${state}.png`) })),
    ),
  )
}

async function take(browser: Browser, url: string, { viewport, theme, token, path }: Picture): Promise<void> {
  const context = await browser.newContext({
    viewport,
    colorScheme: theme,
    timezoneId: afternoonZone(),
    locale: 'en-GB',
    reducedMotion: 'reduce',
  })
  if (token !== undefined)
    await context.addInitScript((given) => sessionStorage.setItem('taskwire:token', given), token)
  const page = await context.newPage()
  await page.goto(url)
  await page.locator(`.connection[data-phase="${token === undefined ? 'signed-out' : 'live'}"]`).waitFor()
  await page.screenshot({ path, fullPage: viewport.width < DESK.width })
  await context.close()
}

/** A time zone in which it is afternoon now. */
function afternoonZone(): string {
  const hour = (timeZone: string) =>
    Number(new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone }).format())
  const away = (timeZone: string) => Math.abs(hour(timeZone) - HOUR_OF_THE_PICTURE)
  return ZONES.toSorted((a, b) => away(a) - away(b))[0] ?? 'UTC'
}

await runScript(main)
