import assert from 'node:assert/strict'
import { type EventType, eventTypes } from '../../src/events/types.ts'
import type { Nats } from '../../src/infra/jetstream.ts'
import { eventually } from './eventually.ts'
import { readStream, type StreamMessage } from './stream.ts'

const TAG = '0f000000-0000-4000-8000-000000000001'
const TASK = '0f000000-0000-4000-8000-000000000002'
const SERIES = '0f000000-0000-4000-8000-000000000003'
const REMINDED = '0f000000-0000-4000-8000-000000000005'
const REMINDER = '0f000000-0000-4000-8000-000000000006'
const DUE = '0f000000-0000-4000-8000-000000000007'
const REFUSED = '0f000000-0000-4000-8000-000000000008'
const CONVERSATION = '0f000000-0000-4000-8000-000000000004'

/** Mutations that cause every type of event, by what they are about. A type that is new comes in here. */
const CAUSES: readonly string[] = [
  // First: what comes of the others goes by it.
  'mutation Settings { updateNotificationSettings(input: { completion: true, updated: true }) { eventId } }',
  `mutation Tag {
    createTag(input: { id: "${TAG}", name: "errands", color: "#00ff00" }) { eventId }
    updateTag(input: { id: "${TAG}", name: "Errands", color: null }) { eventId }
    deleteTag(input: { id: "${TAG}" }) { eventId }
  }`,
  `mutation Task {
    createTask(input: { id: "${TASK}", title: "Buy milk", tags: ["home", "Straße"], dueDate: "2031-01-01T10:00:00Z" }) {
      eventId
    }
    updateTask(input: { id: "${TASK}", title: "Buy oat milk", dueDate: null, description: "«500 g», or 🥛" }) { eventId }
    completeTask(input: { id: "${TASK}" }) { eventId }
    reopenTask(input: { id: "${TASK}" }) { eventId }
    deleteTask(input: { id: "${TASK}" }) { eventId }
    restoreTask(input: { id: "${TASK}" }) { eventId }
    again: deleteTask(input: { id: "${TASK}" }) { eventId }
    purgeTask(input: { id: "${TASK}" }) { eventId }
  }`,
  `mutation Series {
    createRecurringTask(input: {
      id: "${SERIES}", title: "Water the plants", tags: ["home"], startsAt: "2031-03-01T08:00:00Z"
      recurrence: { rule: { pattern: { frequency: WEEKLY, daysOfWeek: [0, 3] } }, timezone: "Europe/Berlin" }
    }) { eventId }
    updateRecurringTask(input: { id: "${SERIES}", title: "Water all plants" }) { eventId }
    pauseRecurringTask(input: { id: "${SERIES}" }) { eventId }
    resumeRecurringTask(input: { id: "${SERIES}" }) { eventId }
    deleteRecurringTask(input: { id: "${SERIES}" }) { eventId }
  }`,
  `mutation Reminder {
    createTask(input: { id: "${REMINDED}", title: "Call Zoë" }) { eventId }
    createReminder(input: { id: "${REMINDER}", taskId: "${REMINDED}", remindAt: "2031-03-01T08:00:00Z" }) { eventId }
    updateReminder(input: { id: "${REMINDER}", remindAt: "2031-03-02T08:00:00Z" }) { eventId }
    cancelReminder(input: { id: "${REMINDER}" }) { eventId }
  }`,
  `mutation Conversation {
    startConversation(input: { id: "${CONVERSATION}", timeoutMinutes: 5 }) { eventId }
    addConversationMessage(input: { sessionId: "${CONVERSATION}", role: USER, content: "What is due today?" }) { eventId }
    answer: addConversationMessage(input: {
      sessionId: "${CONVERSATION}", role: ASSISTANT, content: "Milk 🥛", tokenCount: 3
      toolCalls: [{ name: "tasks", arguments: { overdue: true, first: 1e3 } }]
    }) { eventId }
    endConversation(input: { id: "${CONVERSATION}" }) { eventId }
    deleteConversation(input: { id: "${CONVERSATION}" }) { eventId }
  }`,
]

/**
 * What goes by the time, or by what came of all that: done again and again until it is seen, and refused before and after.
 *
 * @param soon when something is to come due
 */
const meanwhile = (soon: string) => `mutation Meanwhile {
  due: createReminder(input: { id: "${DUE}", taskId: "${REMINDED}", remindAt: "${soon}" }) { eventId }
  refused: createReminder(input: {
    id: "${REFUSED}", taskId: "${REMINDED}", remindAt: "${soon}", channel: WEBHOOK, target: { url: "https://127.0.0.1/" }
  }) { eventId }
  retryReminder(input: { id: "${REFUSED}" }) { eventId }
  markNotificationsRead(input: { upTo: "2031-01-01T00:00:00Z" }) { count }
}`

const SOON_MS = 1_000
const AGAIN_MS = 200

/**
 * Causes every type of event there is, and answers with the stream once they are published.
 *
 * @param send one operation of a user who has nothing yet; answers with its errors
 * @throws Error with the types that were not there in time
 */
export async function causeEveryEvent(
  send: (document: string) => Promise<readonly unknown[]>,
  nats: Nats,
): Promise<StreamMessage[]> {
  for (const document of CAUSES) assert.deepEqual(await send(document), [])
  let missing: readonly EventType[] = eventTypes
  const stream = async () => {
    await send(meanwhile(new Date(Date.now() + SOON_MS).toISOString()))
    const messages = await readStream(nats)
    const types = new Set(messages.map(({ raw }) => raw.json<{ type: string }>().type))
    missing = eventTypes.filter((type) => !types.has(type))
    return missing.length === 0 ? messages : undefined
  }
  return eventually(stream, { everyMs: AGAIN_MS }).catch((error: unknown) => {
    throw new Error(`Nothing has caused ${missing.join(', ')}.`, { cause: error })
  })
}
