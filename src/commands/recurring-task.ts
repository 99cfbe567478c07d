import { badUserInput, type Issue } from '../domain/errors.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import { checkSeries, occurrences } from '../domain/recurrence/series.ts'
import { canonical } from '../domain/recurrence-input.ts'
import {
  type ChangedRecurringTask,
  recurringTaskCreated,
  recurringTaskDeleted,
  recurringTaskPaused,
  recurringTaskResumed,
  recurringTaskUpdated,
} from '../domain/recurring-task.ts'
import type { RecurringTask } from '../domain/recurring-task-state.ts'
import { seriesOf } from '../domain/recurring-task-times.ts'
import {
  createRecurringTaskInput,
  recurrenceRule,
  recurringTaskActionInput,
  updateRecurringTaskInput,
} from '../domain/recurring-task-input.ts'
import { newId } from '../lib/ids.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'
import { insertInstance, makeNextIfDone } from './instances.ts'
import { insertRecurringTask, loadForChange, saveRecurringTask } from './recurring-task-rows.ts'
import { tagsNamed } from './tag-rows.ts'

export type CreateRecurringTaskInput = InputOf<typeof createRecurringTaskInput>
export type UpdateRecurringTaskInput = InputOf<typeof updateRecurringTaskInput>
export type RecurringTaskActionInput = InputOf<typeof recurringTaskActionInput>

export interface RecurringTaskOutcome {
  readonly recurringTaskId: string
  /** null where nothing changed. */
  readonly eventId: string | null
}

/** Makes the series together with its first instance. @throws TaskwireError BAD_USER_INPUT; ALREADY_EXISTS */
export const createRecurringTask: Command<CreateRecurringTaskInput, RecurringTaskOutcome> = defineCommand(
  'createRecurringTask',
  (input: CreateRecurringTaskInput) => parseInput(createRecurringTaskInput, input, recurrenceRule),
  async (unit, { recurrence, ...input }) => {
    const startsAt = input.startsAt ?? unit.now.toISOString()
    const { timezone, endDate } = recurrence
    const rule = canonical(recurrence.rule)
    const series = seriesOf({ rule, timezone: timezone ?? 'UTC', startsAt, endDate: endDate ?? null })
    const issues: Issue[] = []
    checkSeries(series, ['input', 'recurrence'], issues)
    const [first] = issues.length > 0 ? [] : occurrences(series, series.startsAt, 1)
    if (first === undefined) throw badUserInput(issues)
    const tags = [...(await tagsNamed(unit, input.tags ?? [])).values()]
    const instanceId = newId()
    const created = recurringTaskCreated(
      { ...input, ...recurrence, id: input.id ?? newId(), tags, rule, startsAt },
      { id: instanceId, occurrenceAt: first.at.toISOString() },
      unit.now,
    )
    const eventId = await insertRecurringTask(unit, created)
    await insertInstance(unit, created, { id: instanceId, occurrence: first, parent: null })
    return { recurringTaskId: created.state.id, eventId }
  },
)

/**
 * A change counts for instances that are not made yet.
 *
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT, INVALID_TRANSITION where it has ended
 */
export const updateRecurringTask: Command<UpdateRecurringTaskInput, RecurringTaskOutcome> = defineCommand(
  'updateRecurringTask',
  (input: UpdateRecurringTaskInput) => parseInput(updateRecurringTaskInput, input, recurrenceRule),
  async (unit, { id, expectedVersion, idempotencyKey: _, recurrence = {}, tags: names, ...template }) => {
    const series = await loadForChange(unit, { id, expectedVersion })
    const tags = names && [...(await tagsNamed(unit, names)).values()]
    const rule = recurrence.rule && canonical(recurrence.rule)
    const updated = recurringTaskUpdated(series, { ...template, ...recurrence, tags, rule }, unit.now)
    return save(unit, series, updated)
  },
)

/** A paused series makes no instances. */
export const pauseRecurringTask = action('pauseRecurringTask', recurringTaskPaused)
/** A series that is resumed counts from then on. */
export const resumeRecurringTask = action('resumeRecurringTask', recurringTaskResumed)
/** No more instances; those that were made stay. */
export const deleteRecurringTask = action('deleteRecurringTask', recurringTaskDeleted)

/**
 * A change that takes nothing but the series.
 *
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT, INVALID_TRANSITION
 */
function action(
  name: string,
  decide: (series: RecurringTask, now: Date) => ChangedRecurringTask | undefined,
): Command<RecurringTaskActionInput, RecurringTaskOutcome> {
  return defineCommand(
    name,
    (input: RecurringTaskActionInput) => parseInput(recurringTaskActionInput, input),
    async (unit, input) => {
      const series = await loadForChange(unit, input)
      return save(unit, series, decide(series, unit.now))
    },
  )
}

async function save(
  unit: UnitOfWork,
  before: RecurringTask,
  after: ChangedRecurringTask | undefined,
): Promise<RecurringTaskOutcome> {
  const recurringTaskId = before.state.id
  if (after === undefined) return { recurringTaskId, eventId: null }
  const eventId = await saveRecurringTask(unit, after)
  if (after.progress.countsFrom !== before.progress.countsFrom) await makeNextIfDone(unit, after, eventId)
  return { recurringTaskId, eventId }
}
