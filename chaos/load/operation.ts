/** A mutation, and what has to come of it. */
export interface Operation {
  /** The mutation's field. */
  readonly field: string
  readonly input: Readonly<Record<string, unknown>>
  readonly expects: Expectation
  /** What a writer that has done it knows of its things. */
  readonly learn?: (payload: Payload) => void
  /** The things that are in doubt where nobody knows whether it was done. */
  readonly doubts: readonly string[]
}

export type Expectation =
  /** It is refused with this code, and changes nothing. */
  | { readonly kind: 'refusal'; readonly code: string }
  /** It writes these events, and of other types none but `also`. */
  | { readonly kind: 'events'; readonly events: readonly ExpectedEvent[]; readonly also: readonly string[] }

export interface ExpectedEvent {
  readonly type: string
  /** null: the server chooses the id. */
  readonly entityId: string | null
  /** null: others change it, too. */
  readonly version: number | null
}

/** What mutations answer with, as far as it is asked for. */
export interface Payload {
  readonly correlationId: string
  readonly eventId?: string | null
  readonly eventIds?: readonly (string | null)[]
  readonly task?: {
    readonly id: string
    readonly version: number
    readonly recurringTask: { readonly id: string } | null
  }
}

/** What comes with changes of tasks, in the same transaction. */
export const REMINDERS: readonly string[] = ['reminder.scheduled', 'reminder.updated', 'reminder.cancelled']
/** Tags that are named for the first time come, too. */
export const WITH_TASKS: readonly string[] = [...REMINDERS, 'tag.created']

const SELECTIONS: Readonly<Record<string, string>> = {
  task: 'eventId correlationId task { id version recurringTask { id } }',
  tasks: 'eventIds correlationId',
  one: 'eventId correlationId',
}

const SHAPES: Readonly<Record<string, readonly [inputType: string, selection: keyof typeof SELECTIONS]>> = {
  createTask: ['CreateTaskInput', 'task'],
  updateTask: ['UpdateTaskInput', 'task'],
  completeTask: ['TaskActionInput', 'task'],
  reopenTask: ['TaskActionInput', 'task'],
  deleteTask: ['TaskActionInput', 'task'],
  restoreTask: ['TaskActionInput', 'task'],
  purgeTask: ['TaskActionInput', 'one'],
  createTasks: ['CreateTasksInput', 'tasks'],
  updateTasks: ['UpdateTasksInput', 'tasks'],
  completeTasks: ['TasksActionInput', 'tasks'],
  deleteTasks: ['TasksActionInput', 'tasks'],
  createTag: ['CreateTagInput', 'one'],
  updateTag: ['UpdateTagInput', 'one'],
  deleteTag: ['DeleteTagInput', 'one'],
  createRecurringTask: ['CreateRecurringTaskInput', 'one'],
  updateRecurringTask: ['UpdateRecurringTaskInput', 'one'],
  pauseRecurringTask: ['RecurringTaskActionInput', 'one'],
  resumeRecurringTask: ['RecurringTaskActionInput', 'one'],
  deleteRecurringTask: ['RecurringTaskActionInput', 'one'],
}

/** The GraphQL document of a mutation. */
export function documentOf(field: string): string {
  const shape = SHAPES[field]
  if (shape === undefined) throw new Error(`There is no mutation ${field} here.`)
  const [type, selection] = shape
  return `mutation ($input: ${type}!) { ${field}(input: $input) { ${SELECTIONS[selection]} } }`
}

/** @param also types of events that may come with them */
export function writes(events: readonly ExpectedEvent[], also: readonly string[] = []): Expectation {
  return { kind: 'events', events, also }
}

export const refused = (code: string): Expectation => ({ kind: 'refusal', code })
