/** @import { Happening } from './types.ts' */
import { now } from './clock.js'
import { elementById, icon, make, setText } from './elements.js'
import { tell } from './sentences.js'
import { exactTime, timeAgo } from './times.js'

/** @type {Map<string, HTMLElement>} */
let items = new Map()

/**
 * @param {readonly Happening[]} happenings newest first
 * @param {{ viewer: string, live: boolean }} options whether what is new has just happened
 */
export function showActivity(happenings, { viewer, live }) {
  const list = elementById('activity')
  /** @type {typeof items} */
  const shown = new Map()
  for (const happening of happenings) {
    const item = items.get(happening.eventId) ?? makeItem(happening, { viewer, live })
    if (item === undefined) continue
    // What is in its place already stays untouched, so that nothing jumps under who reads.
    const there = list.children[shown.size]
    if (there !== item) list.insertBefore(item, there ?? null)
    shown.set(happening.eventId, item)
  }
  while (list.children.length > shown.size) list.lastElementChild?.remove()
  items = shown
  showTimes()
}

/** How long ago each was, by now; and whether the list can be scrolled, and so has to be reached by keyboard. */
export function showTimes() {
  for (const item of items.values()) {
    const time = item.querySelector('time')
    if (time !== null) setText(time, timeAgo(new Date(time.dateTime), now()))
  }
  const list = elementById('activity')
  if (list.scrollHeight > list.clientHeight) list.tabIndex = 0
  else list.removeAttribute('tabindex')
}

/**
 * @param {Happening} happening
 * @param {{ viewer: string, live: boolean }} options
 */
function makeItem(happening, { viewer, live }) {
  const told = tell(happening)
  if (told === undefined) return undefined
  const { actorId, timestamp } = happening
  const sentence = make(
    'p',
    'sentence',
    ...told.sentence.map((part) => (typeof part === 'string' ? part : make('bdi', 'name', `“${part.name}”`))),
  )
  const time = document.createElement('time')
  time.dateTime = timestamp
  time.title = exactTime(new Date(timestamp))
  const by = actorId === viewer ? '' : actorId === 'system' ? ' · by itself' : ` · by ${actorId}`
  const item = make('li', live ? 'fresh' : '', icon(told.icon), sentence, make('p', 'note', time, by))
  item.dataset.kind = told.icon
  return item
}
