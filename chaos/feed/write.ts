import type { Random } from '../random.ts'

/** Entities are named by numbers: task 3 is the same one for all writers of a user, whoever makes it. */
export type Write =
  | { readonly kind: 'createTask'; readonly tasks: readonly [number]; readonly tags: readonly number[] }
  | { readonly kind: 'createTasks'; readonly tasks: readonly number[]; readonly tags: readonly number[] }
  | { readonly kind: 'updateTask'; readonly tasks: readonly [number]; readonly title: string }
  | { readonly kind: 'tagTask'; readonly tasks: readonly [number]; readonly tags: readonly number[] }
  | { readonly kind: 'updateTasks'; readonly tasks: readonly number[]; readonly tags: readonly number[] }
  | { readonly kind: TaskAction; readonly tasks: readonly [number] }
  | { readonly kind: TasksAction; readonly tasks: readonly number[] }
  | { readonly kind: 'createTag' | 'deleteTag'; readonly tag: number }
  | { readonly kind: 'updateTag'; readonly tag: number; readonly color: string }

type TaskAction = 'completeTask' | 'reopenTask' | 'deleteTask' | 'restoreTask' | 'purgeTask'
type TasksAction = 'completeTasks' | 'deleteTasks'

const WEIGHTS: Readonly<Record<Write['kind'], number>> = {
  createTask: 8,
  createTasks: 2,
  updateTask: 6,
  tagTask: 5,
  updateTasks: 2,
  completeTask: 3,
  reopenTask: 2,
  deleteTask: 4,
  restoreTask: 3,
  purgeTask: 3,
  completeTasks: 1,
  deleteTasks: 1,
  createTag: 2,
  updateTag: 2,
  deleteTag: 2,
}

/** Few, so that writers meet, and that what they want is often possible. */
const TASKS = Array.from({ length: 16 }, (_, index) => index)
const TAGS = Array.from({ length: 5 }, (_, index) => index)

export function randomWrite(random: Random): Write {
  const kind = random.weighted(WEIGHTS)
  const [task] = random.some(TASKS, 1)
  const one = [task ?? 0] as const
  switch (kind) {
    case 'createTask':
    case 'tagTask':
      return { kind, tasks: one, tags: random.some(TAGS, random.between(0, 3)) }
    case 'createTasks':
    case 'updateTasks':
      return { kind, tasks: random.some(TASKS, random.between(2, 4)), tags: random.some(TAGS, random.between(0, 2)) }
    case 'updateTask':
      return { kind, tasks: one, title: `Title ${random.between(1, 999)}` }
    case 'completeTask':
    case 'reopenTask':
    case 'deleteTask':
    case 'restoreTask':
    case 'purgeTask':
      return { kind, tasks: one }
    case 'completeTasks':
    case 'deleteTasks':
      return { kind, tasks: random.some(TASKS, random.between(2, 3)) }
    case 'createTag':
    case 'deleteTag':
      return { kind, tag: random.pick(TAGS) }
    case 'updateTag':
      return { kind, tag: random.pick(TAGS), color: `#${random.between(100_000, 999_999)}` }
  }
}
