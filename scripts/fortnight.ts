import type { TaskwireClient } from '../dev/client.ts'

// Two weeks of somebody's tasks, for pictures: what was made and done on each day, the last of them today.

/** Days before today, and minutes before the time that it is today. */
type When = readonly [days: number, minutes: number]

interface Step {
  readonly at: When
  readonly task: string
  readonly does: 'createTask' | 'updateTask' | 'completeTask' | 'reopenTask' | 'deleteTask'
  readonly input?: Readonly<Record<string, unknown>>
}

const HOUR = 60
const DAY_MINUTES = 24 * HOUR
const MINUTE_MS = 60_000

/** What was done and is done with, by days before today. */
const DONE: Readonly<Record<number, readonly string[]>> = {
  13: ['Pay the electricity bill', 'Answer the landlord'],
  12: ['Book the train to Hamburg'],
  11: ['Buy a birthday present for Mia', 'Collect the parcel', 'Water the plants'],
  10: ['Review the quarterly numbers', 'Send the contract back', 'Call the dentist', 'Clean the bike'],
  9: ['Write the release notes', 'Order printer paper'],
  8: ['Fix the kitchen shelf'],
  7: [],
  6: ['Plan the offsite', 'Renew the library card', 'Water the plants again'],
  5: ['Prepare the interview', 'Update the CV template', 'Buy batteries', 'Return the shoes', 'Back up the laptop'],
  4: ['Read the security report', 'Pick up the dry cleaning', 'Draft the budget'],
  3: ['Send out the invitations', 'Change the bed linen'],
  2: ['Test the new espresso beans'],
  1: ['Sign the lease', 'Defrost the freezer', 'Reply to the survey', 'Weekly review'],
}

const due = (days: number, minutes = 0) => ({ due: days * DAY_MINUTES + minutes })

/** What is still open, and what happened today. `due` is in minutes from now. */
const OPEN: readonly Step[] = [
  { at: [6, 50], task: 'Tax return', does: 'createTask', input: { priority: 'URGENT', tags: ['finance'], ...due(-1) } },
  { at: [5, 10], task: 'Replace the smoke detector', does: 'createTask', input: { priority: 'HIGH', ...due(-2) } },
  { at: [5, 5], task: 'Summer holiday', does: 'createTask', input: { priority: 'LOW', tags: ['travel'] } },
  { at: [4, 40], task: 'Learn the new shortcut keys', does: 'createTask', input: { priority: 'LOW' } },
  { at: [4, 20], task: 'Sort the photos', does: 'createTask', input: { priority: 'LOW' } },
  { at: [3, 90], task: 'Quote for the windows', does: 'createTask', input: { tags: ['home'], ...due(3) } },
  { at: [3, 20], task: 'Onboard Jonas', does: 'createTask', input: { priority: 'HIGH', tags: ['work'], ...due(1) } },
  { at: [3, 10], task: 'Proofread chapter four', does: 'createTask', input: { tags: ['work'] } },
  { at: [2, 60], task: 'Call grandma', does: 'createTask', input: { priority: 'HIGH', ...due(0, 200) } },
  { at: [2, 10], task: 'Groceries for the weekend', does: 'createTask', input: due(0, 120) },
  { at: [1, 500], task: 'Prepare the demo', does: 'createTask', input: { priority: 'URGENT', ...due(0, 300) } },
  { at: [1, 400], task: 'Return the rental car', does: 'createTask', input: due(0, -30) },
  { at: [0, 380], task: 'Prepare the demo', does: 'updateTask', input: { status: 'IN_PROGRESS' } },
  { at: [0, 300], task: 'Buy milk', does: 'createTask', input: { tags: ['errands'] } },
  { at: [0, 240], task: 'Proofread chapter four', does: 'updateTask', input: { status: 'IN_PROGRESS' } },
  { at: [0, 180], task: 'Onboard Jonas', does: 'updateTask', input: { due: DAY_MINUTES + 120 } },
  { at: [0, 95], task: 'Call the plumber', does: 'createTask', input: { priority: 'HIGH' } },
  { at: [0, 64], task: 'Call the plumber', does: 'completeTask' },
  { at: [0, 41], task: 'Buy milk', does: 'updateTask', input: { title: 'Buy oat milk' } },
  { at: [0, 32], task: 'Old wish list', does: 'createTask' },
  { at: [0, 31], task: 'Old wish list', does: 'deleteTask' },
  { at: [0, 18], task: 'Quote for the windows', does: 'updateTask', input: { priority: 'URGENT' } },
  { at: [0, 11], task: 'Return the rental car', does: 'completeTask' },
  { at: [0, 7], task: 'Summer holiday', does: 'updateTask', input: { addTags: ['family'] } },
  { at: [0, 3], task: 'Buy milk', does: 'completeTask' },
]

/** All of it in the order of time. */
function steps(): readonly Step[] {
  const done = Object.entries(DONE).flatMap(([day, tasks]) =>
    tasks.flatMap((task, index): Step[] => [
      { at: [Number(day), 300 - index * 40], task, does: 'createTask' },
      { at: [Number(day), 200 - index * 40], task, does: 'completeTask' },
    ]),
  )
  const before = ({ at: [days, minutes] }: Step) => days * DAY_MINUTES + minutes
  return [...done, ...OPEN].toSorted((a, b) => before(b) - before(a))
}

/**
 * Lives through the two weeks, by the server's own clock.
 *
 * @param shiftClock sets that clock ahead, or back, by so many milliseconds
 */
export async function liveThroughFortnight(
  client: TaskwireClient,
  shiftClock: (ms: number) => Promise<void>,
): Promise<void> {
  const ids = new Map<string, string>()
  for (const { at, task, does, input = {} } of steps()) {
    const [days, minutes] = at
    await shiftClock(-(days * DAY_MINUTES + minutes) * MINUTE_MS)
    const { due: dueIn, ...given } = input
    const dueDate = typeof dueIn === 'number' && { dueDate: new Date(Date.now() + dueIn * MINUTE_MS).toISOString() }
    const all = { ...given, ...dueDate, ...(does === 'createTask' ? { title: task } : { id: ids.get(task) }) }
    const type = does === 'createTask' || does === 'updateTask' ? `${capitalized(does)}Input` : 'TaskActionInput'
    const answer = await client.request<Record<string, { task: { id: string } }>>(
      `mutation ($input: ${type}!) { ${does}(input: $input) { task { id } } }`,
      { input: all },
    )
    ids.set(task, answer[does]?.task.id ?? '')
  }
  await shiftClock(0)
}

const capitalized = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
