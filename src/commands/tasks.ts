import { TaskwireError, notFound } from '../domain/errors.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import { asInstance, type TaskChange, type TaskState, taskCompleted, taskDeleted } from '../domain/task.ts'
import {
  createTasksInput,
  newTasksRule,
  tasksActionInput,
  updateTagsRule,
  updateTasksInput,
} from '../domain/task-input.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'
import { insertTasks, saveTasks } from './task-changes.ts'
import { loadTasks } from './task-rows.ts'
import { beginSeries } from './task-recurrence.ts'
import { creationOf, updateOf } from './task-tags.ts'

/*
 * Commands on up to 100 tasks, in one transaction: all of them or none. An error's `extensions.ids` names the tasks that
 * are at fault. `ids` is a set: an id that comes again counts once, where it came first.
 */

export type CreateTasksInput = InputOf<typeof createTasksInput>
export type UpdateTasksInput = InputOf<typeof updateTasksInput>
export type TasksActionInput = InputOf<typeof tasksActionInput>

/** In the order of the input. */
export interface TasksOutcome {
  readonly taskIds: readonly string[]
  /** null where nothing changed. */
  readonly eventIds: readonly (string | null)[]
}

/** @throws TaskwireError BAD_USER_INPUT; ALREADY_EXISTS for ids that are taken, or that two of the tasks have */
export const createTasks: Command<CreateTasksInput, TasksOutcome> = defineCommand(
  'createTasks',
  (input: CreateTasksInput) => parseInput(createTasksInput, input, newTasksRule),
  async (unit, { tasks }) => {
    const create = await creationOf(unit, tasks)
    const created: TaskChange[] = []
    for (const [index, task] of tasks.entries()) {
      const made = create(task)
      const path = ['input', 'tasks', index, 'recurrence']
      created.push(
        task.recurrence ? asInstance(made, await beginSeries(unit, made.state, task.recurrence, path)) : made,
      )
    }
    const eventIds = await insertTasks(unit, created, { chosenIds: tasks.map(({ id }) => id) })
    return { taskIds: created.map(({ state }) => state.id), eventIds }
  },
)

/** @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION for tasks in the trash */
export const updateTasks: Command<UpdateTasksInput, TasksOutcome> = defineCommand(
  'updateTasks',
  (input: UpdateTasksInput) => parseInput(updateTasksInput, input, updateTagsRule),
  async (unit, { ids, ...update }) => {
    const tasks = await loadAll(unit, ids)
    return changeAll(unit, tasks, await updateOf(unit, update, tasks))
  },
)

export const completeTasks = action('completeTasks', taskCompleted)
export const deleteTasks = action('deleteTasks', taskDeleted)

/**
 * The same change to each, which takes nothing but the task.
 *
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION
 */
function action(
  name: string,
  decide: (task: TaskState, now: Date) => TaskChange | undefined,
): Command<TasksActionInput, TasksOutcome> {
  return defineCommand(
    name,
    (input: TasksActionInput) => parseInput(tasksActionInput, input),
    async (unit, { ids }) => changeAll(unit, await loadAll(unit, ids), (task) => decide(task, unit.now)),
  )
}

async function loadAll(unit: UnitOfWork, ids: readonly string[]): Promise<TaskState[]> {
  const found = await loadTasks(unit, ids)
  const unknown = ids.filter((id) => !found.has(id.toLowerCase()))
  if (unknown.length > 0) throw notFound('The tasks', unknown)
  return [...new Set(ids.flatMap((id) => found.get(id.toLowerCase()) ?? []))]
}

async function changeAll(
  unit: UnitOfWork,
  tasks: readonly TaskState[],
  decide: (task: TaskState) => TaskChange | undefined,
): Promise<TasksOutcome> {
  const changes = decideAll(tasks, decide)
  const eventIds = await saveTasks(
    unit,
    changes.filter((change) => change !== undefined),
  )
  const written = eventIds.values()
  return {
    taskIds: tasks.map(({ id }) => id),
    eventIds: changes.map((change) => (change === undefined ? null : (written.next().value ?? null))),
  }
}

/** @throws TaskwireError the first there is, with the ids of all the tasks that have one of its code */
function decideAll<Decision>(tasks: readonly TaskState[], decide: (task: TaskState) => Decision): Decision[] {
  const faults: { id: string; error: TaskwireError }[] = []
  const decisions = tasks.flatMap((task) => {
    try {
      return [decide(task)]
    } catch (error) {
      if (!(error instanceof TaskwireError)) throw error
      faults.push({ id: task.id, error })
      return []
    }
  })
  const [first] = faults
  if (first === undefined) return decisions
  const { code, message, extensions } = first.error
  const ids = faults.filter(({ error }) => error.code === code).map(({ id }) => id)
  throw new TaskwireError(code, message, { ...extensions, ids })
}
