import type { Names } from './names.ts'
import { type Deed, undoing } from './deeds.ts'
import { type ExpectedEvent, type Operation, refusal, REMINDERS, WITH_TASKS, writes } from './operation.ts'
import { recurrenceOf } from './own-series.ts'

interface OwnTask {
  readonly version: number
  readonly done: boolean
  readonly trashed: boolean
  /** An instance: what becomes of it makes others, and takes them away. */
  readonly recurs: boolean
}

/** What a change, of whatever kind, makes of a task. */
const BECOMES: Readonly<Record<string, Partial<OwnTask> | 'gone'>> = {
  'task.updated': {},
  'task.completed': { done: true },
  'task.reopened': { done: false },
  'task.deleted': { trashed: true },
  'task.restored': { trashed: false },
  'task.purged': 'gone',
}

/** A change of tasks that are in a certain state, and what becomes of that. */
interface Change {
  readonly field: string
  readonly input?: Readonly<Record<string, unknown>>
  readonly type: string
  readonly from: Partial<Pick<OwnTask, 'done' | 'trashed'>>
}

/** Kept at most, so that a client that reads everything afresh has done so in a moment. */
const MOST = 40
const OPEN = { done: false, trashed: false }
const NEW: OwnTask = { version: 1, ...OPEN, recurs: false }

/** Tasks that only one writer changes. */
export class OwnTasks {
  readonly #names: Names
  readonly #tasks = new Map<string, OwnTask>()
  /** Instances of series are taken up once. */
  readonly #adopted = new Set<string>()

  constructor(names: Names) {
    this.#names = names
  }

  forget(id: string): void {
    this.#tasks.delete(id)
  }

  /** Takes up an instance that the server has made. */
  adopt(id: string, version: number, done: boolean): void {
    if (this.#adopted.has(id)) return
    this.#adopted.add(id)
    this.#tasks.set(id, { version, done, trashed: false, recurs: true })
  }

  /** One that takes reminders. */
  get anyOpen(): string | undefined {
    return this.#in(OPEN, 1)[0]
  }

  isOpen(id: string): boolean {
    const task = this.#tasks.get(id)
    return task !== undefined && !task.done && !task.trashed
  }

  undo(deed: Deed): Operation | undefined {
    const task = this.#tasks.get(deed.entityId)
    if (task === undefined || (task.recurs && deed.type !== 'task.updated')) return undefined
    return undoing(deed, WITH_TASKS, (type) => this.#changed(deed.entityId, task, type))
  }

  create(): Operation | undefined {
    const id = this.#names.id('task')
    const due = this.#names.random.next() < 0.2 ? { dueDate: this.#names.soon(), reminderLeadTime: 1 } : undefined
    const input = {
      id,
      title: this.#names.text(),
      tags: this.#names.tags(),
      ...(due ?? { dueDate: this.#names.dueDate() }),
    }
    return this.#creation('createTask', input, [id])
  }

  createSeveral(): Operation | undefined {
    const ids = Array.from({ length: this.#names.random.between(2, 6) }, () => this.#names.id('task'))
    const tags = this.#names.tags()
    return this.#creation('createTasks', { tasks: ids.map((id) => ({ id, title: this.#names.text(), tags })) }, ids)
  }

  /** @param begun is told the series' id */
  beginSeries(begun: (seriesId: string) => void): Operation | undefined {
    const id = this.#names.id('task')
    const recurrence = recurrenceOf(this.#names, 'COMPLETION')
    const input = { id, title: this.#names.text(), dueDate: this.#names.dueDate(), recurrence }
    const operation = this.#creation(
      'createTask',
      input,
      [id],
      [{ type: 'recurring-task.created', entityId: null, version: 1 }],
    )
    return (
      operation && {
        ...operation,
        learn: ({ task }) => {
          this.adopt(id, 1, false)
          if (task?.recurringTask != null) begun(task.recurringTask.id)
        },
      }
    )
  }

  update(): Operation | undefined {
    return this.#changeOne({
      field: 'updateTask',
      input: { title: this.#names.text(), ...(this.#names.random.next() < 0.4 && { tags: this.#names.tags() }) },
      type: 'task.updated',
      from: { trashed: false },
    })
  }

  updateSeveral(): Operation | undefined {
    const input = { dueDate: this.#names.dueDate(), addTags: this.#names.tags().slice(0, 1) }
    return this.#changeSeveral({ field: 'updateTasks', input, type: 'task.updated', from: OPEN })
  }

  /** With the version that it has, or with another one. */
  compareAndSet(): Operation | undefined {
    const operation = this.#changeOne({
      field: 'updateTask',
      input: { title: this.#names.text() },
      type: 'task.updated',
      from: OPEN,
    })
    if (operation?.expects.kind !== 'events') return undefined
    const before = (operation.expects.events[0]?.version ?? 0) - 1
    const fits = this.#names.random.next() < 0.6
    const input = { ...operation.input, expectedVersion: fits ? before : before + 1 }
    return fits ? { ...operation, input } : refusal('updateTask', input, 'VERSION_CONFLICT', operation.doubts)
  }

  complete(): Operation | undefined {
    return this.#changeOne({ field: 'completeTask', type: 'task.completed', from: OPEN })
  }

  completeSeveral(): Operation | undefined {
    return this.#changeSeveral({ field: 'completeTasks', type: 'task.completed', from: OPEN })
  }

  reopen(): Operation | undefined {
    const from = { done: true, trashed: false }
    return this.#changeOne({ field: 'reopenTask', type: 'task.reopened', from })
  }

  delete(): Operation | undefined {
    const from = { trashed: false }
    return this.#changeOne({ field: 'deleteTask', type: 'task.deleted', from })
  }

  deleteSeveral(): Operation | undefined {
    const from = { done: true, trashed: false }
    return this.#changeSeveral({ field: 'deleteTasks', type: 'task.deleted', from })
  }

  restore(): Operation | undefined {
    const from = { trashed: true }
    return this.#changeOne({ field: 'restoreTask', type: 'task.restored', from })
  }

  purge(): Operation | undefined {
    return this.#changeOne({ field: 'purgeTask', type: 'task.purged', from: { trashed: true } })
  }

  /** What is refused, and with it whatever else the mutation asks for. */
  refusal(): Operation {
    const unknown = this.#names.id('none')
    const [open] = this.#in(OPEN, 1)
    const [taken] = this.#tasks.keys()
    return this.#names.random.pick([
      refusal('updateTask', { id: unknown, title: 'None' }, 'NOT_FOUND'),
      refusal('createTask', { title: ' ', tags: this.#names.tags() }, 'BAD_USER_INPUT'),
      ...(taken === undefined ? [] : [refusal('createTask', { id: taken, title: 'Taken' }, 'ALREADY_EXISTS')]),
      ...(open === undefined
        ? []
        : [
            refusal('purgeTask', { id: open }, 'INVALID_TRANSITION', [open]),
            refusal('completeTasks', { ids: [open, unknown] }, 'NOT_FOUND'),
          ]),
    ])
  }

  #creation(
    field: string,
    input: Readonly<Record<string, unknown>>,
    ids: readonly string[],
    more: readonly ExpectedEvent[] = [],
  ): Operation | undefined {
    if (this.#tasks.size >= MOST) return undefined
    const events = ids.map((entityId) => ({ type: 'task.created', entityId, version: 1 }))
    return {
      field,
      input,
      expects: writes([...events, ...more], WITH_TASKS),
      learn: () => ids.forEach((id) => this.#tasks.set(id, NEW)),
      doubts: [],
    }
  }

  #changeOne(change: Change): Operation | undefined {
    const [id] = this.#in(change.from, 1)
    return id === undefined ? undefined : this.#changing(change, [id], { id })
  }

  #changeSeveral(change: Change): Operation | undefined {
    const ids = this.#in(change.from, this.#names.random.between(2, 5))
    return ids.length < 2 ? undefined : this.#changing(change, ids, { ids })
  }

  #changing({ field, input, type }: Change, ids: readonly string[], which: object): Operation {
    const before = ids.map((id) => ({ id, task: this.#tasks.get(id) ?? NEW }))
    const events = before.map(({ id, task }) => ({ type, entityId: id, version: task.version + 1 }))
    return {
      field,
      input: { ...which, ...input },
      expects: writes(events, type === 'task.purged' ? REMINDERS : WITH_TASKS),
      learn: () => before.forEach(({ id, task }) => this.#changed(id, task, type)),
      doubts: ids,
    }
  }

  #changed(id: string, task: OwnTask, type: string): void {
    const becomes = BECOMES[type]
    if (becomes === 'gone') this.#tasks.delete(id)
    else this.#tasks.set(id, { ...task, ...becomes, version: task.version + 1 })
  }

  #in({ done, trashed }: Change['from'], count: number): string[] {
    const fitting = [...this.#tasks].filter(
      ([, task]) => (done === undefined || task.done === done) && (trashed === undefined || task.trashed === trashed),
    )
    return this.#names.random.some(
      fitting.map(([id]) => id),
      count,
    )
  }
}
