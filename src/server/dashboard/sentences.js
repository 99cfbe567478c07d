/** @import { Happening, Sentence } from './types.ts' */
import { now } from './clock.js'
import { pointInTime } from './times.js'

/**
 * @typedef {{ icon: string, sentence: Sentence }} Told
 * @typedef {(happening: Happening) => Told} Teller
 */

/** @type {(icon: string, verb: string, object?: string, after?: string) => Teller} */
const plainly =
  (icon, verb, object = '', after = '') =>
  ({ state }) => ({ icon, sentence: [`${verb} ${object}`, nameOf(state), after] })

/**
 * What is told, by the type of the event. The others are the housekeeping that goes with these: that a reminder was set
 * for a due date and called off with its task, that a notification was made and read; and what is said in conversations,
 * which is nothing for a wall.
 *
 * @type {Readonly<Record<string, Teller>>}
 */
const TELLERS = {
  'task.created': plainly('created', 'Created'),
  'task.updated': taskUpdated,
  'task.completed': plainly('completed', 'Completed'),
  'task.reopened': plainly('returned', 'Reopened'),
  'task.deleted': plainly('deleted', 'Moved', '', ' to the trash'),
  'task.restored': plainly('returned', 'Restored', '', ' from the trash'),
  'task.purged': plainly('deleted', 'Deleted', '', ' for good'),
  'tag.created': plainly('tag', 'Made', 'the tag '),
  'tag.updated': tagUpdated,
  'tag.deleted': plainly('tag', 'Deleted', 'the tag '),
  'recurring-task.created': plainly('series', 'Began', 'the series '),
  'recurring-task.updated': plainly('series', 'Changed', 'the series '),
  'recurring-task.paused': plainly('series', 'Paused', 'the series '),
  'recurring-task.resumed': plainly('series', 'Resumed', 'the series '),
  'recurring-task.deleted': plainly('series', 'Ended', 'the series '),
  'reminder.sent': ({ state }) => ({ icon: 'reminder', sentence: ['Reminded you of ', name(state.taskTitle)] }),
  'reminder.failed': ({ state }) => ({
    icon: 'reminder',
    sentence: ['Could not remind you of ', name(state.taskTitle)],
  }),
  'conversation.started': conversation('Started'),
  'conversation.ended': conversation('Ended'),
  'conversation.deleted': conversation('Deleted'),
}

/** The types of the events that are told, and of what these happen to: the others need not be sent. */
export const TOLD_TYPES = Object.keys(TELLERS)
export const TOLD_ENTITY_TYPES = ['TASK', 'TAG', 'RECURRING_TASK', 'REMINDER', 'CONVERSATION']

/** What happened, in a sentence; undefined for what is not told. @returns {Told | undefined} */
export function tell(/** @type {Happening} */ happening) {
  return Object.hasOwn(TELLERS, happening.eventType) ? TELLERS[happening.eventType]?.(happening) : undefined
}

/** The sentence as plain text. */
export function textOf(/** @type {Sentence} */ sentence) {
  return sentence.map((part) => (typeof part === 'string' ? part : `“${part.name}”`)).join('')
}

/** It has no title before it has a message. @type {(verb: string) => Teller} */
function conversation(verb) {
  return ({ state: { title } }) => ({
    icon: 'conversation',
    sentence: title === '' ? [`${verb} a conversation`] : [`${verb} the conversation `, name(title)],
  })
}

/** What fields are called where several changed. @type {Readonly<Record<string, string>>} */
const FIELDS = {
  title: 'title',
  description: 'description',
  status: 'status',
  priority: 'priority',
  dueDate: 'due date',
  reminderLeadTime: 'reminder',
  tags: 'tags',
  recurringTask: 'series',
}

/** @type {Teller} */
function taskUpdated({ changes, state }) {
  const changed = changes.filter(({ field }) => Object.hasOwn(FIELDS, field))
  // A lead time comes and goes with the due date.
  const [change, ...more] = changed.length > 1 ? changed.filter(({ field }) => field !== 'reminderLeadTime') : changed
  const task = nameOf(state)
  /** @type {(...sentence: Sentence) => Told} */
  const told = (...sentence) => ({ icon: 'changed', sentence })
  if (change === undefined) return told('Changed ', task)
  if (more.length > 0) {
    const names = [change, ...more].map(({ field }) => FIELDS[field] ?? field)
    return told(`Changed the ${listOf(names)} of `, task)
  }
  const { field, from, to } = change
  switch (field) {
    case 'title':
      return told('Renamed ', name(from), ' to ', name(to))
    case 'status':
      return to === 'IN_PROGRESS' ? told('Started ', task) : told('Put ', task, ' back to pending')
    case 'priority':
      return told('Set the priority of ', task, ` to ${String(to).toLowerCase()}`)
    case 'dueDate':
      if (to === null) return told('Took the due date from ', task)
      return told(from === null ? 'Made ' : 'Moved ', task, ` ${from === null ? 'due' : 'to'} ${pointOf(to)}`)
    case 'tags':
      return { icon: 'tag', sentence: tagsChanged(task, namesOf(from), namesOf(to)) }
    default:
      return told(`Changed the ${FIELDS[field]} of `, task)
  }
}

/** @type {Teller} */
function tagUpdated({ changes, state }) {
  const renamed = changes.find(({ field }) => field === 'name')
  if (renamed === undefined) return { icon: 'tag', sentence: ['Changed the color of the tag ', nameOf(state)] }
  return { icon: 'tag', sentence: ['Renamed the tag ', name(renamed.from), ' to ', name(renamed.to)] }
}

/** @param {Sentence[number]} task @param {string[]} from @param {string[]} to @returns {Sentence} */
function tagsChanged(task, from, to) {
  const added = to.filter((tag) => !from.includes(tag))
  const removed = from.filter((tag) => !to.includes(tag))
  if (removed.length === 0) return ['Tagged ', task, ' with ', ...listed(added)]
  if (added.length === 0) return [`Took the tag${removed.length > 1 ? 's' : ''} `, ...listed(removed), ' from ', task]
  return ['Changed the tags of ', task, ' to ', ...listed(to)]
}

/** @returns {string[]} */
function namesOf(/** @type {unknown} */ tags) {
  return Array.isArray(tags) ? tags.map((tag) => String(/** @type {{ name?: unknown }} */ (Object(tag)).name)) : []
}

function pointOf(/** @type {unknown} */ instant) {
  const date = new Date(String(instant))
  return Number.isNaN(date.getTime()) ? String(instant) : pointInTime(date, now())
}

const lists = new Intl.ListFormat('en', { type: 'conjunction' })
const listOf = (/** @type {string[]} */ words) => lists.format(words)

/** @returns {Sentence} */
function listed(/** @type {string[]} */ names) {
  return lists.formatToParts(names).map(({ type, value }) => (type === 'element' ? { name: value } : value))
}

/** @param {Happening['state']} state */
const nameOf = ({ title, name: ownName }) => name(title ?? ownName)

/** Whatever it is: who wrote it may have been newer than this page. */
const name = (/** @type {unknown} */ value) => ({
  name: typeof value === 'string' && value !== '' ? value : 'untitled',
})
