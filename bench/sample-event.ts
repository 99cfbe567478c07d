import type { TaskState } from '../src/domain/task.ts'
import { createEvent, type TaskwireEvent } from '../src/events/envelope.ts'
import { newId } from '../src/lib/ids.ts'

/**
 * A change of a user's task, of a realistic size. Checked as every event is: what is published by the thousand is told on
 * from one, as checking each would take longer than what is measured.
 */
export function sampleEvent(userId: string): TaskwireEvent<'task.updated'> {
  const time = new Date()
  const at = time.toISOString()
  const previousState: TaskState = {
    id: newId(),
    version: 1,
    title: 'Buy milk',
    description: 'Two litres, the one with the blue cap, and have a look at the cheese.',
    status: 'PENDING',
    completed: false,
    completedAt: null,
    priority: 'HIGH',
    dueDate: at,
    reminderLeadTime: 30,
    tags: [{ id: newId(), name: 'home' }],
    deletedAt: null,
    createdAt: at,
    updatedAt: at,
  }
  const state = { ...previousState, version: 2, title: 'Buy oat milk' }
  const origin = { userId, actorId: userId, correlationId: newId() }
  return createEvent({ id: newId(), type: 'task.updated', time, state, previousState }, origin, 'http://localhost:4000')
}
