import { type Deed, undoing } from './deeds.ts'
import type { Names } from './names.ts'
import { type Operation, writes } from './operation.ts'

/** Tags that only one writer changes, by their versions. */
export class OwnTags {
  readonly #names: Names
  readonly #versions = new Map<string, number>()

  constructor(names: Names) {
    this.#names = names
  }

  forget(id: string): void {
    this.#versions.delete(id)
  }

  create(): Operation {
    const id = this.#names.id('tag')
    return {
      field: 'createTag',
      input: { id, name: this.#names.text() },
      expects: writes([{ type: 'tag.created', entityId: id, version: 1 }]),
      learn: () => this.#versions.set(id, 1),
      doubts: [],
    }
  }

  update(): Operation | undefined {
    return this.#change('updateTag', { color: this.#names.color() }, 'tag.updated')
  }

  delete(): Operation | undefined {
    return this.#change('deleteTag', {}, 'tag.deleted')
  }

  undo(deed: Deed): Operation | undefined {
    return undoing(deed, [], (type) => this.#changed(deed.entityId, (deed.version ?? 0) + 1, type))
  }

  #change(field: string, input: Readonly<Record<string, unknown>>, type: string): Operation | undefined {
    const [id] = this.#names.random.some([...this.#versions.keys()], 1)
    if (id === undefined) return undefined
    const version = (this.#versions.get(id) ?? 0) + 1
    return {
      field,
      input: { id, ...input },
      expects: writes([{ type, entityId: id, version }]),
      learn: () => this.#changed(id, version, type),
      doubts: [id],
    }
  }

  #changed(id: string, version: number, type: string): void {
    if (type === 'tag.deleted') this.#versions.delete(id)
    else this.#versions.set(id, version)
  }
}
