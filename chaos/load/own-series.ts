import { type Deed, undoing } from './deeds.ts'
import type { Names } from './names.ts'
import { type ExpectedEvent, type Operation, REMINDERS, WITH_TASKS, writes } from './operation.ts'

const MOST = 3
/** Where its last instance was done while a series was paused, the next one comes with the same mutation. */
const WITH_RESUMED: readonly string[] = [...REMINDERS, 'task.created', 'recurring-task.updated']

/** Series that only one writer changes. What they make changes them, too, so that their versions are not known. */
export class OwnSeries {
  readonly #names: Names
  /** Whether each makes instances. */
  readonly #active = new Map<string, boolean>()

  constructor(names: Names) {
    this.#names = names
  }

  /** One whose newest instance may not be known yet. */
  get any(): string | undefined {
    return this.#names.random.some([...this.#active.keys()], 1)[0]
  }

  get full(): boolean {
    return this.#active.size >= MOST
  }

  /** A task has begun it. */
  begun(id: string): void {
    this.#active.set(id, true)
  }

  forget(id: string): void {
    this.#active.delete(id)
  }

  create(): Operation | undefined {
    if (this.full) return undefined
    const id = this.#names.id('series')
    const events = [
      { type: 'recurring-task.created', entityId: id, version: 1 },
      { type: 'task.created', entityId: null, version: 1 },
    ]
    const bySchedule = this.#names.random.next() < 0.3
    const recurrence = recurrenceOf(this.#names, bySchedule ? 'SCHEDULE' : 'COMPLETION')
    const startsAt = bySchedule ? this.#names.pastDate() : this.#names.dueDate()
    return {
      field: 'createRecurringTask',
      input: { id, title: this.#names.text(), startsAt, tags: this.#names.tags(), recurrence },
      expects: writes(events, WITH_TASKS),
      learn: () => this.begun(id),
      doubts: [],
    }
  }

  rename(): Operation | undefined {
    return this.#change('updateRecurringTask', 'recurring-task.updated', { title: this.#names.text() })
  }

  pauseOrResume(): Operation | undefined {
    const id = this.any
    if (id === undefined) return undefined
    const learn = (active: boolean) => () => this.#active.set(id, active)
    if (this.#active.get(id) === true)
      return {
        field: 'pauseRecurringTask',
        input: { id },
        expects: writes([changed(id, 'recurring-task.paused')], REMINDERS),
        learn: learn(false),
        doubts: [id],
      }
    return {
      field: 'resumeRecurringTask',
      input: { id },
      expects: writes([changed(id, 'recurring-task.resumed')], WITH_RESUMED),
      learn: learn(true),
      doubts: [id],
    }
  }

  end(): Operation | undefined {
    const operation = this.#change('deleteRecurringTask', 'recurring-task.deleted', {})
    return operation && { ...operation, learn: () => operation.doubts.forEach((id) => this.forget(id)) }
  }

  undo(deed: Deed): Operation | undefined {
    if (!this.#active.has(deed.entityId)) return undefined
    return undoing(deed, WITH_RESUMED, (type) => {
      if (type === 'recurring-task.resumed') this.#active.set(deed.entityId, true)
    })
  }

  #change(field: string, type: string, input: Readonly<Record<string, unknown>>): Operation | undefined {
    const id = this.any
    return id === undefined
      ? undefined
      : { field, input: { id, ...input }, expects: writes([changed(id, type)], REMINDERS), doubts: [id] }
  }
}

function changed(entityId: string, type: string): ExpectedEvent {
  return { type, entityId, version: null }
}

export function recurrenceOf({ random }: Names, basis: 'COMPLETION' | 'SCHEDULE'): object {
  return { rule: { pattern: { frequency: random.pick(['DAILY', 'WEEKLY', 'MONTHLY']) } }, basis }
}
