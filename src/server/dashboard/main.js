/// <reference lib="dom" />
/** @import { Phase, SyncMessage } from './types.ts' */
/** @import { AskReason } from './tokens.js' */
import { showTimes } from './activity-list.js'
import { Announcer } from './announcer.js'
import { isUnauthenticated, troubleOf } from './api.js'
import { Board, MOST_SHOWN } from './board.js'
import { now } from './clock.js'
import { showPhase } from './connection-view.js'
import { elementById, setText } from './elements.js'
import { follow } from './follow.js'
import { Reader } from './reader.js'
import { Refresher } from './refresher.js'
import { tell, textOf, TOLD_ENTITY_TYPES } from './sentences.js'
import { askForToken } from './sign-in.js'
import { Sockets } from './sockets.js'
import { watchThemes } from './theme-switch.js'
import { forgetToken, Tokens } from './tokens.js'
import { onWake, pauseUntilWoken } from './wakefulness.js'

// The dashboard: reads the numbers and the latest of the audit trail, follows the feed, and reads the numbers again
// when it tells of a change. What happened is shown by the feed at once, without being read.

/** Numbers are right half a second after a change, however many there are. */
const SPACING_MS = 400
const RETRY_MS = 2_000
const MINUTE_MS = 60_000
const SPREAD_MS = 2_000
const SHOW_TIMES_MS = 10_000

const ended = new AbortController()
const waking = new EventTarget()
const board = new Board()
const announcer = new Announcer()
const tokens = new Tokens({ developmentPath: document.body.dataset.developmentToken ?? '', ask })
const reader = new Reader({ token: () => tokens.current, most: MOST_SHOWN, signal: ended.signal })
const sockets = new Sockets({ token: () => tokens.current, entityTypes: TOLD_ENTITY_TYPES })
const refresher = new Refresher({ read: refresh, spacingMs: SPACING_MS, retryMs: RETRY_MS })

/** Whose tasks are shown; undefined before it is known. @type {string | undefined} */
let viewer
/** @type {Phase} */
let phase = { name: 'connecting' }
/** What is wrong with reading, while the feed is live. @type {string | undefined} */
let trouble
/** When the numbers were right last. @type {Date | undefined} */
let readAt
/** Whether the audit trail is to be read with the numbers. */
let activityWanted = true

const isLive = () => phase.name === 'live'

/** @param {Phase} next */
function show(next) {
  if (isLive() && trouble === undefined) readAt = now()
  phase = next
  trouble = undefined
  // The audit trail may have been a moment behind when it was read.
  if (isLive()) request({ activity: true })
  showConnection()
}

function showConnection() {
  const shown = isLive() && trouble !== undefined ? /** @type {const} */ ({ name: 'waiting', trouble }) : phase
  showPhase(shown, { readAt, announce: (text) => announcer.announce(text) })
}

/** @param {AskReason} reason */
function ask(reason) {
  show({ name: 'signed-out' })
  return askForToken(reason)
}

async function begin() {
  await tokens.get(ended.signal)
  show({ name: 'connecting' })
  const begun = await reader.begin()
  tokens.worked()
  const isAnother = viewer !== undefined && viewer !== begun.viewer.id
  if (isAnother) readAt = undefined
  viewer = begun.viewer.id
  board.showViewer(viewer)
  return { cursor: begun.syncCursor, isAnother }
}

/** @param {{ withActivity: boolean }} options */
async function read(options) {
  const reading = viewer
  const { taskStats, auditEntries } = await reader.numbers(options)
  // Somebody else may have signed in meanwhile.
  if (reading !== viewer) return
  readAt = now()
  board.add(auditEntries?.nodes ?? [], { live: false })
  board.showNumbers(taskStats, reader.timezone)
}

/** @param {{ activity: boolean }} options */
function request({ activity }) {
  activityWanted ||= activity
  refresher.request()
}

/** While it is not live, what it lacks is read when it is again; while nobody looks, when somebody does. */
async function refresh() {
  if (!isLive() || document.hidden) return
  const withActivity = activityWanted
  activityWanted = false
  try {
    await read({ withActivity })
    trouble = undefined
  } catch (error) {
    activityWanted ||= withActivity
    trouble = troubleOf(error)
    throw error
  } finally {
    showConnection()
  }
}

/** @param {SyncMessage & { __typename: 'SyncEvent' }} event */
function apply({ payload, ...event }) {
  const happening = { ...event, state: payload }
  board.add([happening], { live: isLive() })
  const told = tell(happening)
  if (told !== undefined && isLive()) announcer.note(textOf(told.sentence))
  // Nothing else is counted.
  if (event.eventType.startsWith('task.')) request({ activity: false })
}

/** Overdue, due today and the days themselves go by the clock, without an event: mostly from one minute to the next. */
function readAtEachMinute() {
  setTimeout(
    () => {
      request({ activity: true })
      readAtEachMinute()
    },
    MINUTE_MS - (now().getTime() % MINUTE_MS) + Math.random() * SPREAD_MS,
  )
}

onWake(() => {
  sockets.check()
  waking.dispatchEvent(new Event('wake'))
  request({ activity: true })
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
  readEverything: () => read({ withActivity: true }),
  subscribe: (after, handle, connected) => sockets.subscribe(after, handle, connected),
  apply,
  isUnauthenticated,
  troubleOf,
  refuseToken: () => tokens.refuse(),
  show,
  pause: (ms) => pauseUntilWoken(ms, waking),
  signal: ended.signal,
})
