import type { TaskState } from '../../src/domain/task.ts'
import type { TaskwireEvent } from '../../src/events/envelope.ts'
import { eventSubject } from '../../src/events/subjects.ts'
import { newId } from '../../src/lib/ids.ts'
import { sampleEvent } from '../sample-event.ts'

/** An event as the outbox has it. */
export interface MadeEvent {
  readonly event: TaskwireEvent<'task.updated'>
  readonly subject: string
  readonly json: string
}

const USERS = 100

/** Changes of as many tasks, of a hundred users: events of a realistic size, none of which was ever before. */
export function makeEvents(count: number): readonly MadeEvent[] {
  const pattern = sampleEvent('pattern')
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
