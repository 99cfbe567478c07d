/// <reference lib="dom" />
/** @import { Numbers, Begin } from './api.js' */
/** @import { Phase } from './types.ts' */
import { Activity } from './activity.js'
import { showActivity, showTimes } from './activity-list.js'
import { Announcer } from './announcer.js'
import { BEGIN, isUnauthenticated, NUMBERS, query, ServerError, troubleOf } from './api.js'
import { showChart } from './chart.js'
import { now } from './clock.js'
import { showPhase } from './connection-view.js'
import { elementById, setText } from './elements.js'
import { showFigures } from './figures.js'
import { follow } from './follow.js'
import { Refresher } from './refresher.js'
import { tell, textOf, TOLD_ENTITY_TYPES, TOLD_TYPES } from './sentences.js'
import { askForToken } from './sign-in.js'
import { Sockets } from './sockets.js'
import { watchThemes } from './theme-switch.js'
import { ownTimezone } from './times.js'
import { forgetToken, Tokens } from './tokens.js'
import { onWake, pauseUntilWoken } from './wakefulness.js'

// The dashboard: reads the numbers and the latest of the audit trail, follows the feed, and reads the numbers again
// when it tells of a change. What happened is shown by the feed at once, without being read.

const MOST_SHOWN = 50
/** Numbers are right half a second after a change, however many there are. */
const SPACING_MS = 400
const RETRY_MS = 2_000
const MINUTE_MS = 60_000
const SPREAD_MS = 2_000
const SHOW_TIMES_MS = 10_000

const ended = new AbortController()
const waking = new EventTarget()
const activity = new Activity(MOST_SHOWN)
const announcer = new Announcer()
const tokens = new Tokens({ developmentPath: document.body.dataset.developmentToken ?? '', ask })
const sockets = new Sockets({ token: () => tokens.current, entityTypes: TOLD_ENTITY_TYPES })
const refresher = new Refresher({ read: refresh, spacingMs: SPACING_MS, retryMs: RETRY_MS })

/** Whose tasks are shown; undefined before it is known. @type {string | undefined} */
let viewer
/** Whose days are counted; undefined for UTC's. @type {string | undefined} */
let timezone = ownTimezone()
/** @type {Phase['name']} */
let phase = 'connecting'
/** When the numbers were right last. @type {Date | undefined} */
let readAt
let drawing = false

function show(/** @type {Phase} */ next) {
  if (phase === 'live') readAt = now()
  phase = next.name
  showPhase(next, { readAt, announce: (text) => announcer.announce(text) })
  // The audit trail may have been a moment behind when it was read.
  if (next.name === 'live') refresher.request()
}

function ask(/** @type {import('./tokens.js').AskReason} */ reason) {
  show({ name: 'signed-out' })
  return askForToken(reason)
}

async function begin() {
  const token = await tokens.get(ended.signal)
  show({ name: 'connecting' })
  /** @type {Begin} */
  const begun = await query(BEGIN, { token, signal: ended.signal })
  tokens.worked()
  const isAnother = viewer !== undefined && viewer !== begun.viewer.id
  if (isAnother) activity.clear()
  viewer = begun.viewer.id
  setText(elementById('viewer-name'), viewer)
  elementById('viewer').hidden = false
  elementById('sign-out').hidden = false
  return { cursor: begun.syncCursor, isAnother }
}

async function readEverything() {
  const reader = viewer
  const variables = { timezone, eventTypes: TOLD_TYPES, count: MOST_SHOWN }
  try {
    /** @type {Numbers} */
    const { taskStats, auditEntries } = await query(NUMBERS, { token: tokens.current, variables, signal: ended.signal })
    // Somebody else may have signed in meanwhile.
    if (reader !== viewer) return
    readAt = now()
    activity.add(auditEntries.nodes)
    const isEmpty = taskStats.total === 0 && activity.newestFirst.length === 0
    elementById('welcome').hidden = !isEmpty
    elementById('board').hidden = isEmpty
    showFigures(taskStats)
    showChart(taskStats.completedPerDay)
    setText(elementById('zone'), `Days are those of ${timezone ?? 'UTC'}`)
    draw()
  } catch (error) {
    // A browser may know time zones that the server does not.
    const unknown = error instanceof ServerError && error.issues.some(({ path }) => path[0] === 'timezone')
    if (!unknown || timezone === undefined) throw error
    timezone = undefined
    await readEverything()
  }
}

/** While it is not live, what it lacks is read when it is again; while nobody looks, when somebody does. */
async function refresh() {
  if (phase === 'live' && !document.hidden) await readEverything()
}

/** @param {import('./types.ts').SyncMessage & { __typename: 'SyncEvent' }} event */
function apply({ payload, ...event }) {
  const happening = { ...event, state: payload }
  activity.add([happening])
  const told = tell(happening)
  if (told !== undefined && phase === 'live') announcer.note(textOf(told.sentence))
  draw()
  refresher.request()
}

/** Once a frame, however much happens. */
function draw() {
  if (drawing) return
  drawing = true
  const live = phase === 'live'
  requestAnimationFrame(() => {
    drawing = false
    showActivity(activity.newestFirst, { viewer: viewer ?? '', live })
  })
}

/** Overdue, due today and the days themselves go by the clock, without an event: mostly from one minute to the next. */
function readAtEachMinute() {
  setTimeout(
    () => {
      refresher.request()
      readAtEachMinute()
    },
    MINUTE_MS - (now().getTime() % MINUTE_MS) + Math.random() * SPREAD_MS,
  )
}

onWake(() => {
  sockets.check()
  waking.dispatchEvent(new Event('wake'))
  refresher.request()
  showTimes()
})
setInterval(showTimes, SHOW_TIMES_MS)
addEventListener('resize', showTimes)
readAtEachMinute()
watchThemes()
elementById('sign-out').addEventListener('click', () => {
  // A page that is loaded anew holds nothing of the one before.
  forgetToken()
  location.reload()
})
setText(
  elementById('welcome-command'),
  [
    `curl ${location.origin}/graphql`,
    '-H "authorization: Bearer $TOKEN"',
    "-H 'content-type: application/json'",
    `-d '{"query": "mutation { createTask(input: { title: \\"Buy milk\\" }) { eventId } }"}'`,
  ].join(' \\\n  '),
)

await follow({
  begin,
  readEverything,
  subscribe: (after, handle, connected) => sockets.subscribe(after, handle, connected),
  apply,
  isUnauthenticated,
  troubleOf,
  refuseToken: () => tokens.refuse(),
  show,
  pause: (ms) => pauseUntilWoken(ms, waking),
  signal: ended.signal,
})
