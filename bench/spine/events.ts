import type { TaskState } from '../../src/domain/task.ts'
import { createEvent, type TaskwireEvent } from '../../src/events/envelope.ts'
import { eventSubject } from '../../src/events/subjects.ts'
import { newId } from '../../src/lib/ids.ts'

/** An event as the outbox has it. */
export interface MadeEvent {
  readonly event: TaskwireEvent<'task.updated'>
  readonly subject: string
  readonly json: string
}

const USERS = 100

/** Changes of as many tasks, of a hundred users: events of a realistic size, none of which was ever before. */
export function makeEvents(count: number): readonly MadeEvent[] {
  const pattern = patternEvent()
  return Array.from({ length: count }, (_, index) => {
    const userId = `user-${index % USERS}`
    const entityId = newId()
    const { data } = pattern
    const of = (state: TaskState): TaskState => ({ ...state, id: entityId })
    const event = {
      ...pattern,
      id: newId(),
      subject: entityId,
      userid: userId,
      actorid: userId,
      data: {
        ...data,
        userId,
        entityId,
        state: of(data.state),
        ...(data.previousState !== undefined && { previousState: of(data.previousState) }),
      },
    }
    return { event, subject: eventSubject(userId, 'TASK', entityId, 'updated'), json: JSON.stringify(event) }
  })
}

/** Checked once, and told on from there: checking each of them would take longer than what is measured. */
function patternEvent(): TaskwireEvent<'task.updated'> {
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
  const origin = { userId: 'pattern', actorId: 'pattern', correlationId: newId() }
  return createEvent({ id: newId(), type: 'task.updated', time, state, previousState }, origin, 'http://localhost:4000')
}
