import type { Random } from '../random.ts'
import { Names } from './names.ts'
import type { Operation } from './operation.ts'
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
  refusal: 3,
} as const

/**
 * What one writer owns. Nobody else changes it but the server by what recurs, so it is known what each mutation has to
 * come to. The next one follows from the seed and from what came of those before.
 */
export class Things {
  readonly #random: Random
  readonly #tasks: OwnTasks
  readonly #tags: OwnTags
  readonly #series: OwnSeries

  /** @param owner a name that no other writer of any user has */
  constructor(random: Random, owner: string) {
    const names = new Names(random, owner)
    this.#random = random
    this.#tasks = new OwnTasks(names)
    this.#tags = new OwnTags(names)
    this.#series = new OwnSeries(names)
  }

  /** A series whose newest instance may not be known yet. */
  get anySeries(): string | undefined {
    return this.#series.any
  }

  adopt(instance: { readonly id: string; readonly version: number; readonly completed: boolean }): void {
    this.#tasks.adopt(instance.id, instance.version, instance.completed)
  }

  /** Nobody knows any more how these stand: they are left alone. */
  forget(ids: readonly string[]): void {
    for (const id of ids) for (const own of [this.#tasks, this.#tags, this.#series]) own.forget(id)
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
      case 'refusal':
        return this.#tasks.refusal()
    }
  }
}
