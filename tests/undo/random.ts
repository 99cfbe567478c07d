import fc from 'fast-check'
import type { Command } from '../../src/commands/command.ts'
import {
  createRecurringTask,
  deleteRecurringTask,
  pauseRecurringTask,
  resumeRecurringTask,
  updateRecurringTask,
} from '../../src/commands/recurring-task.ts'
import { cancelReminder, createReminder, updateReminder } from '../../src/commands/reminder.ts'
import { createTag, deleteTag, updateTag } from '../../src/commands/tag.ts'
import { completeTask, createTask, deleteTask, reopenTask, restoreTask, updateTask } from '../../src/commands/task.ts'
import { TaskwireError } from '../../src/domain/errors.ts'
import type { UndoWorld } from './world.ts'

/** A mutation that may be tried: on which of what there is, and with what. */
export interface Attempt {
  readonly mutation: keyof typeof MUTATIONS
  /** Picks what it is tried on. */
  readonly pick: number
  /** Picks among the inputs. */
  readonly variant: number
}

type Kind = 'tasks' | 'tags' | 'recurring_tasks' | 'reminders'

/** What inputs may speak of. */
interface There {
  readonly taskId: string
  /** Of tags: a mutation that makes one on the way is more than the event that it answers with. */
  readonly names: readonly string[]
}

interface Mutation {
  // Each command with an input of its own.
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly command: Command<any, { readonly eventId: string | null }>
  /** What it is tried on; absent: it makes something. */
  readonly on?: Kind
  readonly inputs: readonly ((there: There) => object)[]
}

const DAY_MS = 24 * 60 * 60_000
const at = (days: number) => new Date(Date.now() + days * DAY_MS)
const DAILY = { rule: { rrule: 'FREQ=DAILY' } } as const
const WEEKLY = { rule: { rrule: 'FREQ=WEEKLY;COUNT=3' }, basis: 'COMPLETION_DATE' } as const
const SCHEDULE = { rule: { cron: '0 9 * * 1' }, basis: 'SCHEDULE' } as const

const input = (fields: (there: There) => object) => fields

const MUTATIONS = {
  createTask: {
    command: createTask,
    inputs: [
      input(() => ({ title: 'Plain' })),
      input(({ names }) => ({ title: 'Due', dueDate: at(3), tags: names.slice(0, 2) })),
      input(({ names }) => ({ title: 'Again', dueDate: at(2), tags: names.slice(-1), recurrence: DAILY })),
      input(() => ({ title: 'Done', dueDate: at(-2), status: 'COMPLETED', recurrence: WEEKLY })),
    ],
  },
  updateTask: {
    command: updateTask,
    on: 'tasks',
    inputs: [
      input(() => ({ title: `Title ${Math.random()}`, description: 'More' })),
      input(() => ({ dueDate: at(5), priority: 'HIGH' })),
      input(() => ({ dueDate: null })),
      input(() => ({ dueDate: at(6), reminderLeadTime: 30 })),
      input(({ names }) => ({ tags: names.slice(1, 3) })),
      input(({ names }) => ({ removeTags: names.slice(0, 1), addTags: names.slice(-1) })),
      input(() => ({ status: 'IN_PROGRESS' })),
      input(() => ({ dueDate: at(4), recurrence: DAILY })),
      input(() => ({ recurrence: null, title: `Once ${Math.random()}` })),
      input(() => ({ recurrence: null })),
    ],
  },
  completeTask: { command: completeTask, on: 'tasks', inputs: [input(() => ({}))] },
  reopenTask: { command: reopenTask, on: 'tasks', inputs: [input(() => ({}))] },
  deleteTask: { command: deleteTask, on: 'tasks', inputs: [input(() => ({}))] },
  restoreTask: { command: restoreTask, on: 'tasks', inputs: [input(() => ({}))] },
  createTag: { command: createTag, inputs: [input(() => ({ name: `tag ${Math.random()}`, color: '#112233' }))] },
  updateTag: {
    command: updateTag,
    on: 'tags',
    inputs: [input(() => ({ name: `tag ${Math.random()}` })), input(() => ({ color: null }))],
  },
  deleteTag: { command: deleteTag, on: 'tags', inputs: [input(() => ({}))] },
  createRecurringTask: {
    command: createRecurringTask,
    inputs: [
      input(({ names }) => ({ title: 'Series', tags: names.slice(0, 1), startsAt: at(1), recurrence: DAILY })),
      input(() => ({ title: 'Late', startsAt: at(-9), recurrence: WEEKLY })),
      input(() => ({ title: 'Mondays', startsAt: at(8), recurrence: SCHEDULE })),
    ],
  },
  updateRecurringTask: {
    command: updateRecurringTask,
    on: 'recurring_tasks',
    inputs: [
      input(({ names }) => ({ title: `Series ${Math.random()}`, tags: names.slice(0, 1) })),
      input(() => ({ recurrence: { rule: { rrule: 'FREQ=WEEKLY' }, basis: 'COMPLETION' } })),
      input(() => ({ recurrence: { endDate: at(1) } })),
    ],
  },
  pauseRecurringTask: { command: pauseRecurringTask, on: 'recurring_tasks', inputs: [input(() => ({}))] },
  resumeRecurringTask: { command: resumeRecurringTask, on: 'recurring_tasks', inputs: [input(() => ({}))] },
  deleteRecurringTask: { command: deleteRecurringTask, on: 'recurring_tasks', inputs: [input(() => ({}))] },
  createReminder: {
    command: createReminder,
    on: 'tasks',
    inputs: [input(({ taskId }) => ({ taskId, remindAt: at(1) }))],
  },
  updateReminder: { command: updateReminder, on: 'reminders', inputs: [input(() => ({ remindAt: at(1.5) }))] },
  cancelReminder: { command: cancelReminder, on: 'reminders', inputs: [input(() => ({}))] },
} as const satisfies Record<string, Mutation>

export const attempts = fc.array(
  fc.record<Attempt>({
    mutation: fc.constantFrom(...(Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[])),
    pick: fc.nat(99),
    variant: fc.nat(99),
  }),
  { minLength: 3, maxLength: 12 },
)

/** Tries a mutation. @returns its event; undefined where there was nothing to do, or it was refused */
export async function tryMutation(
  undoing: UndoWorld,
  userId: string,
  { mutation, pick, variant }: Attempt,
): Promise<string | undefined> {
  const { command, inputs, on }: Mutation = MUTATIONS[mutation]
  const ids =
    on === undefined
      ? ['']
      : (
          await undoing.world.postgres.query<{ id: string }>(
            `SELECT id FROM ${on} WHERE user_id = $1 ORDER BY created_at, id`,
            [userId],
          )
        ).map(({ id }) => id)
  const id = ids[pick % ids.length]
  const tags = await undoing.world.postgres.query<{ name: string }>(
    'SELECT name FROM tags WHERE user_id = $1 AND deleted_at IS NULL ORDER BY name',
    [userId],
  )
  const fields = inputs[variant % inputs.length]?.({ taskId: id ?? '', names: tags.map(({ name }) => name) })
  if (id === undefined || fields === undefined) return undefined
  const target = on === undefined || 'taskId' in fields ? {} : { id }
  try {
    return (await undoing.run(userId, command, { ...fields, ...target })).eventId ?? undefined
  } catch (error) {
    if (error instanceof TaskwireError) return undefined
    throw error
  }
}
