import type { Execute, RunCommand } from '../commands/command.ts'
import { continueSeries } from '../commands/instances.ts'
import type { TaskState } from '../domain/task.ts'
import type { TaskwireEvent } from '../events/envelope.ts'
import type { Service } from '../lib/service.ts'
import { type ConsumerOptions, createConsumer } from './kit/consumer.ts'

/** Each event is a transaction of its own: as many as a worker that dies leaves to others for ack_wait. */
const BATCH_SIZE = 50

/**
 * Continues the series whose last instance is done: completed, or put into the trash. Those that go by schedule are the
 * scheduler's.
 */
export function createRecurrenceConsumer(run: RunCommand, options: ConsumerOptions): Service {
  // The user waits for the next instance, and there is nothing that a larger batch would save.
  const settings = { batchSize: BATCH_SIZE, lingerMs: 0, ...options.settings }
  return createConsumer({ name: 'recurrence', run, react: continueWhatIsDone }, { ...options, settings })
}

/** A task may be done from the start, or begin its series when it is: every event that shows it done counts. */
export function continueWhatIsDone(event: TaskwireEvent): Execute<object> | undefined {
  const { entityType, state } = event.data
  if (entityType !== 'TASK' || event.type === 'task.purged') return undefined
  // Of a task: parsed as such.
  const task = state as TaskState
  const doneAt = task.deletedAt ?? task.completedAt
  if (task.recurringTask == null || doneAt === null) return undefined
  return continueSeries.prepare({ recurringTaskId: task.recurringTask, taskId: task.id, doneAt })
}
