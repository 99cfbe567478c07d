/** @import { Phase } from './types.ts' */
import { elementById, setText } from './elements.js'
import { timeOfDay } from './times.js'

/** A drop that is mended sooner than this is nobody's business. */
const UNNOTICED_MS = 400

const TEXTS = /** @type {const} */ ({
  'signed-out': 'Signed out',
  connecting: 'Connecting',
  'catching-up': 'Catching up',
  live: 'Live',
  waiting: 'Reconnecting',
})

/** @type {Phase['name']} */
let shown = 'connecting'
let wasLive = false
/** @type {ReturnType<typeof setTimeout> | undefined} */
let soon
/** What is to be shown then. @type {() => void} */
let next

/**
 * @param {Phase} phase
 * @param {{ readAt: Date | undefined, announce: (text: string) => void }} options when the numbers were right last
 */
export function showPhase(phase, options) {
  next = () => {
    clearTimeout(soon)
    soon = undefined
    showNow(phase, options)
  }
  if (shown === 'live' && phase.name !== 'live') soon ??= setTimeout(() => next(), UNNOTICED_MS)
  else next()
}

/** @type {typeof showPhase} */
function showNow(phase, { readAt, announce }) {
  const before = shown
  // Between two tries it is the same to who looks at it: the server is away.
  const again = readAt !== undefined && phase.name === 'connecting' && before !== 'signed-out'
  shown = again ? 'waiting' : phase.name
  const element = elementById('connection')
  element.dataset.phase = shown
  if (phase.name === 'waiting') element.title = phase.trouble
  else if (!again) element.removeAttribute('title')
  showTrouble(phase, readAt)
  setText(elementById('connection-text'), shown === 'signed-out' && wasLive ? 'Token ended' : TEXTS[shown])
  setText(elementById('as-of'), shown === 'live' || readAt === undefined ? '' : `as of ${timeOfDay(readAt)}`)
  if (shown === before) return
  if (shown === 'waiting' && wasLive) announce('The connection is lost. Reconnecting.')
  if (shown !== 'live') return
  announce(wasLive ? 'Connected again.' : 'Connected.')
  wasLive = true
}

/** Where there is nothing else to be seen, what is wrong is. @param {Phase} phase @param {Date | undefined} readAt */
function showTrouble(phase, readAt) {
  const notice = elementById('trouble')
  if (phase.name === 'waiting' && readAt === undefined) setText(notice, `${phase.trouble} Trying again …`)
  notice.hidden = readAt !== undefined || phase.name === 'signed-out' || notice.textContent === ''
}
