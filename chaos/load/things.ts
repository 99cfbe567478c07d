import type { Random } from '../random.ts'
import { Names } from './names.ts'
import { Deeds } from './deeds.ts'
import type { Operation, Payload } from './operation.ts'
import { OwnConversations } from './own-conversations.ts'
import { OwnNotifications } from './own-notifications.ts'
import { OwnReminders } from './own-reminders.ts'
import { OwnSeries } from './own-series.ts'
import { OwnTags } from './own-tags.ts'
import { OwnTasks } from './own-tasks.ts'

/** How often each is tried; most are possible only when there is something to do it with. */
const WEIGHTS = {
  createTask: 10,
  createTasks: 3,
  beginSeries: 1,
  updateTask: 14,
  compareAndSet: 3,
  updateTasks: 3,
  completeTask: 7,
  completeTasks: 2,
  reopenTask: 2,
  deleteTask: 4,
  deleteTasks: 1,
  restoreTask: 2,
  purgeTask: 5,
  createTag: 2,
  updateTag: 2,
  deleteTag: 2,
  createSeries: 1,
  renameSeries: 1,
  pauseSeries: 1,
  endSeries: 0.5,
  createReminder: 7,
  moveReminder: 2,
  cancelReminder: 1.5,
  snoozeReminder: 1.5,
  retryReminder: 1.5,
  startConversation: 1,
  say: 2,
  sayAnywhere: 1,
  endConversation: 0.4,
  deleteConversation: 0.4,
  markRead: 1.5,
  changeSettings: 1,
  undo: 4,
  refusal: 3,
} as const

interface ThingsOptions {
  /** A name that no other writer of any user has. */
  readonly owner: string
  /** Of who takes what is delivered. */
  readonly outsideUrl: string
  /** Whether it changes the user's settings; no other writer of the user does then. */
  readonly keepsSettings: boolean
}

/**
 * What one writer owns. Nobody else changes it but the server by what recurs, so it is known what each mutation has to
 * come to. The next one follows from the seed and from what came of those before.
 */
export class Things {
  readonly #random: Random
  readonly #names: Names
  readonly #tasks: OwnTasks
  readonly #tags: OwnTags
  readonly #series: OwnSeries
  readonly #reminders: OwnReminders
  readonly #conversations: OwnConversations
  readonly #notifications: OwnNotifications
  readonly #deeds = new Deeds()

  constructor(random: Random, { owner, outsideUrl, keepsSettings }: ThingsOptions) {
    const names = new Names(random, owner)
    this.#random = random
    this.#names = names
    this.#tasks = new OwnTasks(names)
    this.#tags = new OwnTags(names)
    this.#series = new OwnSeries(names)
    this.#reminders = new OwnReminders(names, this.#tasks, outsideUrl)
    this.#conversations = new OwnConversations(names)
    this.#notifications = new OwnNotifications(random, keepsSettings)
  }

  /** A series whose newest instance may not be known yet. */
  get anySeries(): string | undefined {
    return this.#series.any
  }

  adopt(instance: { readonly id: string; readonly version: number; readonly completed: boolean }): void {
    this.#tasks.adopt(instance.id, instance.version, instance.completed)
  }

  /** Some notifications were unread. */
  see(notificationIds: readonly string[]): void {
    this.#notifications.see(notificationIds)
  }

  /** It is done. */
  learn(operation: Operation, payload: Payload): void {
    if (payload.task !== undefined) this.#names.tellTime(payload.task.updatedAt)
    operation.learn?.(payload)
    this.#deeds.note(operation, payload)
    this.#reminders.prune()
  }

  /** These are left alone from now on. */
  leave(ids: readonly string[]): void {
    const all = [this.#tasks, this.#tags, this.#series, this.#reminders, this.#conversations, this.#notifications]
    for (const id of ids) for (const own of all) own.forget(id)
    this.#deeds.forget(ids)
    this.#reminders.prune()
  }

  /** A tag that is made to see it come. */
  mark(): Operation {
    return this.#tags.create()
  }

  next(): Operation {
    for (;;) {
      const operation = this.#make(this.#random.weighted<keyof typeof WEIGHTS>(WEIGHTS))
      if (operation !== undefined) return operation
    }
  }

  #make(kind: keyof typeof WEIGHTS): Operation | undefined {
    switch (kind) {
      case 'createTask':
        return this.#tasks.create()
      case 'createTasks':
        return this.#tasks.createSeveral()
      case 'beginSeries':
        return this.#series.full ? undefined : this.#tasks.beginSeries((id) => this.#series.begun(id))
      case 'updateTask':
        return this.#tasks.update()
      case 'compareAndSet':
        return this.#tasks.compareAndSet()
      case 'updateTasks':
        return this.#tasks.updateSeveral()
      case 'completeTask':
        return this.#tasks.complete()
      case 'completeTasks':
        return this.#tasks.completeSeveral()
      case 'reopenTask':
        return this.#tasks.reopen()
      case 'deleteTask':
        return this.#tasks.delete()
      case 'deleteTasks':
        return this.#tasks.deleteSeveral()
      case 'restoreTask':
        return this.#tasks.restore()
      case 'purgeTask':
        return this.#tasks.purge()
      case 'createTag':
        return this.#tags.create()
      case 'updateTag':
        return this.#tags.update()
      case 'deleteTag':
        return this.#tags.delete()
      case 'createSeries':
        return this.#series.create()
      case 'renameSeries':
        return this.#series.rename()
      case 'pauseSeries':
        return this.#series.pauseOrResume()
      case 'endSeries':
        return this.#series.end()
      case 'createReminder':
        return this.#reminders.create()
      case 'moveReminder':
        return this.#reminders.move()
      case 'cancelReminder':
        return this.#reminders.cancel()
      case 'snoozeReminder':
        return this.#reminders.snooze()
      case 'retryReminder':
        return this.#reminders.retry()
      case 'startConversation':
        return this.#conversations.start()
      case 'say':
        return this.#conversations.say([this.#tasks.anyOpen ?? []].flat())
      case 'sayAnywhere':
        return this.#conversations.sayAnywhere()
      case 'endConversation':
        return this.#conversations.end()
      case 'deleteConversation':
        return this.#conversations.delete()
      case 'markRead':
        return this.#notifications.markRead()
      case 'changeSettings':
        return this.#notifications.changeSettings()
      case 'undo':
        return this.#undo()
      case 'refusal':
        return this.#random.pick([this.#tasks, this.#tasks, this.#reminders, this.#conversations]).refusal()
    }
  }

  #undo(): Operation | undefined {
    const [deed] = this.#random.some(this.#deeds.all, 1)
    if (deed === undefined) return undefined
    switch (deed.type.split('.')[0]) {
      case 'task':
        return this.#tasks.undo(deed)
      case 'tag':
        return this.#tags.undo(deed)
      case 'reminder':
        return this.#reminders.undo(deed)
      default:
        return this.#series.undo(deed)
    }
  }
}
