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
  /** It writes these events, and of other types none but `also`; or time was faster, and it is refused with one of `unless`. */
  | {
      readonly kind: 'events'
      readonly events: readonly ExpectedEvent[]
      readonly also: readonly string[]
      readonly unless: readonly string[]
    }

export interface ExpectedEvent {
  readonly type: string
  /** null: the server chooses the id. */
  readonly entityId: string | null
  /** null: others change it, too. */
  readonly version: number | null
  /** The event that it takes back. */
  readonly undoes?: string
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
    readonly updatedAt: string
  }
  readonly reminder?: { readonly id: string }
  /** How many notifications were unread. */
  readonly count?: number
}

/** What comes with changes of tasks, in the same transaction. */
export const REMINDERS: readonly string[] = ['reminder.scheduled', 'reminder.updated', 'reminder.cancelled']
/** Tags that are named for the first time come, too. */
export const WITH_TASKS: readonly string[] = [...REMINDERS, 'tag.created']

const SELECTIONS: Readonly<Record<string, string>> = {
  task: 'eventId correlationId task { id version updatedAt recurringTask { id } }',
  tasks: 'eventIds correlationId',
  one: 'eventId correlationId',
  reminder: 'eventId correlationId reminder { id }',
  count: 'count correlationId',
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
  createReminder: ['CreateReminderInput', 'reminder'],
  updateReminder: ['UpdateReminderInput', 'one'],
  cancelReminder: ['ReminderActionInput', 'one'],
  retryReminder: ['ReminderActionInput', 'one'],
  snoozeReminder: ['SnoozeReminderInput', 'reminder'],
  startConversation: ['StartConversationInput', 'one'],
  addConversationMessage: ['AddConversationMessageInput', 'one'],
  endConversation: ['EndConversationInput', 'one'],
  deleteConversation: ['DeleteConversationInput', 'one'],
  updateNotificationSettings: ['UpdateNotificationSettingsInput', 'one'],
  markNotificationsRead: ['MarkNotificationsReadInput', 'count'],
  undo: ['UndoInput', 'one'],
}

/** The GraphQL document of a mutation. */
export function documentOf(field: string): string {
  const shape = SHAPES[field]
  if (shape === undefined) throw new Error(`There is no mutation ${field} here.`)
  const [type, selection] = shape
  return `mutation ($input: ${type}!) { ${field}(input: $input) { ${SELECTIONS[selection]} } }`
}

/**
 * @param also types of events that may come with them
 * @param unless codes of errors with which it may be refused instead, as time goes on while it is sent
 */
export function writes(
  events: readonly ExpectedEvent[],
  also: readonly string[] = [],
  unless: readonly string[] = [],
): Expectation {
  return { kind: 'events', events, also, unless }
}

/**
 * What is refused with this code, and with it whatever else the mutation asks for.
 *
 * @param doubts the things with which it would be possible once they have changed
 */
export function refusal(
  field: string,
  input: Readonly<Record<string, unknown>>,
  code: string,
  doubts: readonly string[] = [],
): Operation {
  return { field, input, expects: { kind: 'refusal', code }, doubts }
}

/**
 * The things that are in doubt after an operation, and have to be left alone: nobody knows how they stand, or a try that
 * nobody answered may still be done once they stand otherwise, as by a gateway that was frozen and wakes up.
 */
export function inDoubt(
  { expects, doubts }: Operation,
  outcome: 'done' | 'refused' | 'unknown',
  tries: readonly { readonly told: boolean }[],
): readonly string[] {
  const answered = tries.every(({ told }) => told)
  return outcome === 'done' || (outcome === 'refused' && expects.kind === 'refusal' && answered) ? [] : doubts
}
