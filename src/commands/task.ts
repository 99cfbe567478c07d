import { expectVersion, notFound } from '../domain/errors.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import {
  type TaskChange,
  type TaskState,
  asInstance,
  taskCompleted,
  taskDeleted,
  taskPurged,
  taskReopened,
  taskRestored,
  taskUpdated,
} from '../domain/task.ts'
import { createTaskInput, newTaskRule, taskActionInput, updateTaskInput, updateTaskRule } from '../domain/task-input.ts'
import { type Command, type DeleteOutcome, defineCommand, type UnitOfWork } from './command.ts'
import { insertTasks, removeTasks, saveTasks } from './task-changes.ts'
import { loadTasks } from './task-rows.ts'
import { beginSeries, endSeries } from './task-recurrence.ts'
import { creationOf, updateOf } from './task-tags.ts'

export type CreateTaskInput = InputOf<typeof createTaskInput>
export type UpdateTaskInput = InputOf<typeof updateTaskInput>
export type TaskActionInput = InputOf<typeof taskActionInput>

export interface TaskOutcome {
  readonly taskId: string
  /** null where nothing changed. */
  readonly eventId: string | null
}

/** @throws TaskwireError BAD_USER_INPUT; ALREADY_EXISTS for an id that is taken */
export const createTask: Command<CreateTaskInput, TaskOutcome> = defineCommand(
  'createTask',
  (input: CreateTaskInput) => parseInput(createTaskInput, input, newTaskRule),
  async (unit, input) => {
    const create = await creationOf(unit, [input])
    const made = create(input)
    const created = input.recurrence
      ? asInstance(made, await beginSeries(unit, made.state, input.recurrence, ['input', 'recurrence']))
      : made
    const [eventId = null] = await insertTasks(unit, [created], { chosenIds: [input.id] })
    return { taskId: created.state.id, eventId }
  },
)

/** @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT, INVALID_TRANSITION in the trash */
export const updateTask: Command<UpdateTaskInput, TaskOutcome> = defineCommand(
  'updateTask',
  (input: UpdateTaskInput) => parseInput(updateTaskInput, input, updateTaskRule),
  async (unit, input) => {
    const task = await loadForChange(unit, input)
    const updated = (await updateOf(unit, input, [task]))(task)
    if (input.recurrence === undefined) return saveChange(unit, task, updated)
    if (input.recurrence === null) {
      const { taskId, eventId } = await saveChange(unit, task, updated)
      const endedId = await endSeries(unit, task, eventId)
      return { taskId, eventId: eventId ?? endedId }
    }
    const instanceOf = await beginSeries(unit, updated?.state ?? task, input.recurrence, ['input', 'recurrence'])
    const begun = updated ? asInstance(updated, instanceOf) : taskUpdated(task, { instanceOf }, unit.now)
    const outcome = await saveChange(unit, task, begun)
    await endSeries(unit, task, outcome.eventId)
    return outcome
  },
)

export const completeTask = action('completeTask', taskCompleted)
export const reopenTask = action('reopenTask', taskReopened)
export const deleteTask = action('deleteTask', taskDeleted)
export const restoreTask = action('restoreTask', taskRestored)

/**
 * A change that takes nothing but the task.
 *
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT, INVALID_TRANSITION
 */
function action(
  name: string,
  decide: (task: TaskState, now: Date) => TaskChange | undefined,
): Command<TaskActionInput, TaskOutcome> {
  return defineCommand(name, checkAction, async (unit, input) => {
    const task = await loadForChange(unit, input)
    return saveChange(unit, task, decide(task, unit.now))
  })
}

/** @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT, INVALID_TRANSITION outside the trash */
export const purgeTask: Command<TaskActionInput, DeleteOutcome> = defineCommand(
  'purgeTask',
  checkAction,
  async (unit, input) => {
    const purged = taskPurged(await loadForChange(unit, input), unit.now)
    const [eventId = null] = await removeTasks(unit, [purged])
    return { deletedId: purged.state.id, eventId }
  },
)

function checkAction(input: TaskActionInput) {
  return parseInput(taskActionInput, input)
}

async function loadForChange(
  unit: UnitOfWork,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
): Promise<TaskState> {
  const task = (await loadTasks(unit, [id])).get(id.toLowerCase())
  if (task === undefined) throw notFound('The task')
  expectVersion(task, expectedVersion)
  return task
}

async function saveChange(unit: UnitOfWork, task: TaskState, change: TaskChange | undefined): Promise<TaskOutcome> {
  if (change === undefined) return { taskId: task.id, eventId: null }
  const [eventId = null] = await saveTasks(unit, [change])
  return { taskId: task.id, eventId }
}
