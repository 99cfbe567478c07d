import { type Deed, undoing } from './deeds.ts'
import type { Names } from './names.ts'
import { type ExpectedEvent, type Operation, refusal, writes } from './operation.ts'
import type { OwnTasks } from './own-tasks.ts'

interface OwnReminder {
  readonly taskId: string
  /** Its time comes while it is looked at: what becomes of it meanwhile is not known. */
  readonly near: boolean
  readonly cancelled: boolean
}

interface Aim {
  readonly channel: string
  readonly target?: Readonly<Record<string, string>>
}

const MOST = 12
/** Where time may be faster. */
const PAST = 'BAD_USER_INPUT'
const SETTLED = 'INVALID_TRANSITION'
const NOT_CONFIGURED = { channel: 'SMS', target: { phoneNumber: '+491701234567' } }

/** Reminders on own tasks. Moving a task's due date changes them, so that their versions are not known. */
export class OwnReminders {
  readonly #names: Names
  readonly #tasks: OwnTasks
  readonly #outsideUrl: string
  readonly #reminders = new Map<string, OwnReminder>()

  /** @param outsideUrl of who takes what is delivered; see chaos/world/outside.ts */
  constructor(names: Names, tasks: OwnTasks, outsideUrl: string) {
    this.#names = names
    this.#tasks = tasks
    this.#outsideUrl = outsideUrl
  }

  forget(id: string): void {
    this.#reminders.delete(id)
  }

  /** To be called between any two operations: what was cancelled with its task stays so when that is opened again. */
  prune(): void {
    for (const [id, { taskId }] of this.#reminders) if (!this.#tasks.isOpen(taskId)) this.#reminders.delete(id)
  }

  create(): Operation | undefined {
    const taskId = this.#tasks.anyOpen
    if (taskId === undefined || this.#reminders.size >= MOST) return undefined
    const id = this.#names.id('reminder')
    const near = this.#names.random.next() < 0.6
    const remindAt = near ? this.#names.inSeconds() : this.#names.dueDate()
    return {
      field: 'createReminder',
      input: { id, taskId, remindAt, ...this.#aim() },
      expects: writes([{ type: 'reminder.scheduled', entityId: id, version: 1 }], [], near ? [PAST] : []),
      learn: () => this.#reminders.set(id, { taskId, near, cancelled: false }),
      doubts: [],
    }
  }

  move(): Operation | undefined {
    const [id, reminder] = this.#any(false) ?? []
    if (id === undefined || reminder?.near !== false) return undefined
    const input = { id, remindAt: this.#names.dueDate() }
    return { field: 'updateReminder', input, expects: writes([changed(id, 'reminder.updated')]), doubts: [id] }
  }

  cancel(): Operation | undefined {
    const [id, reminder] = this.#any(false) ?? []
    if (id === undefined || reminder === undefined) return undefined
    return {
      field: 'cancelReminder',
      input: { id },
      expects: writes([changed(id, 'reminder.cancelled')], [], reminder.near ? [SETTLED] : []),
      learn: () => this.#reminders.set(id, { ...reminder, cancelled: true }),
      doubts: [id],
    }
  }

  snooze(): Operation | undefined {
    const [id, reminder] = this.#any(false) ?? []
    if (id === undefined || reminder === undefined) return undefined
    const near = this.#names.random.next() < 0.5
    const until = near ? this.#names.inSeconds() : this.#names.dueDate()
    const scheduled = { type: 'reminder.scheduled', entityId: null, version: 1 }
    const cancelled = changed(id, 'reminder.cancelled')
    return {
      field: 'snoozeReminder',
      input: { id, until },
      expects: reminder.near
        ? writes([scheduled], [cancelled.type], near ? [PAST] : [])
        : writes([cancelled, scheduled], [], near ? [PAST] : []),
      learn: ({ reminder: snoozed }) => {
        this.#reminders.delete(id)
        if (snoozed !== undefined) this.#reminders.set(snoozed.id, { ...reminder, near })
      },
      doubts: [id],
    }
  }

  /** Of one that may have failed. */
  retry(): Operation | undefined {
    const [id, reminder] = this.#any(false) ?? []
    if (id === undefined || reminder?.near !== true) return undefined
    const expects = writes([changed(id, 'reminder.retried')], [], [SETTLED])
    return { field: 'retryReminder', input: { id }, expects, doubts: [id] }
  }

  undo(deed: Deed): Operation | undefined {
    const reminder = this.#reminders.get(deed.entityId)
    if (reminder?.near !== false) return undefined
    return undoing({ ...deed, version: null }, [], (type) =>
      this.#reminders.set(deed.entityId, { ...reminder, cancelled: type === 'reminder.cancelled' }),
    )
  }

  refusal(): Operation | undefined {
    const taskId = this.#tasks.anyOpen
    if (taskId === undefined) return undefined
    const input = { taskId, remindAt: this.#names.dueDate() }
    const [cancelled] = this.#any(true) ?? []
    return this.#names.random.pick([
      refusal('createReminder', { ...input, ...NOT_CONFIGURED }, 'CHANNEL_UNAVAILABLE'),
      refusal('createReminder', { ...input, channel: 'EMAIL' }, 'BAD_USER_INPUT'),
      refusal('createReminder', { ...input, remindAt: '2020-01-01T00:00:00Z' }, PAST),
      refusal('snoozeReminder', { id: this.#names.id('none'), until: input.remindAt }, 'NOT_FOUND'),
      ...(cancelled === undefined ? [] : [refusal('retryReminder', { id: cancelled }, SETTLED, [cancelled])]),
    ])
  }

  /** Each reminder has a target of its own, so that it is known what came there. */
  #aim(): Aim {
    const { random } = this.#names
    const name = this.#names.id('target')
    return random.pick<Aim>([
      { channel: 'IN_APP' },
      { channel: 'EMAIL', target: { address: `${name}@chaos.example` } },
      { channel: 'CHAT', target: { url: `${this.#outsideUrl}/chat/${name}` } },
      { channel: 'WEBHOOK', target: { url: `${this.#outsideUrl}/webhook/${name}` } },
      { channel: 'WEBHOOK', target: { url: `${this.#outsideUrl}/gone/${name}` } },
    ])
  }

  #any(wanted: boolean): readonly [string, OwnReminder] | undefined {
    const fitting = [...this.#reminders].filter(([, { cancelled }]) => cancelled === wanted)
    return this.#names.random.some(fitting, 1)[0]
  }
}

function changed(entityId: string, type: string): ExpectedEvent {
  return { type, entityId, version: null }
}
