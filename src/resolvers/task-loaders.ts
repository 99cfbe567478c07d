import DataLoader from 'dataloader'
import { sql } from 'kysely'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { type NamedTagRow, TAG_COLUMNS, TAG_NAME_COLUMNS, type TagRow } from '../entities/tag-state.ts'
import { TASK_COLUMNS, type TaskRow } from '../entities/task-state.ts'
import type { Reads } from './reads.ts'
import { rowLoader } from './row-loader.ts'

/** Tasks by their ids in lower case, also from the trash; null where the user has none. */
export function taskById(reads: Reads): DataLoader<string, TaskRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('tasks').select(TASK_COLUMNS))
}

/** The tags of tasks, deleted ones left out, in order of name. */
export class TagsOfTasks {
  readonly #reads: Reads
  readonly #fetched = new Map<string, NamedTagRow[]>()
  readonly #one = new DataLoader((taskIds: readonly string[]) => this.#fetch(taskIds, TAG_COLUMNS), { cache: false })
  readonly #pages = new DataLoader((pages: readonly (readonly string[])[]) => this.#fetchPages(pages), { cache: false })

  constructor(reads: Reads) {
    this.#reads = reads
  }

  /** At once where they were fetched before: the executor then has a promise less for each row. */
  of(taskId: string): readonly NamedTagRow[] | Promise<readonly NamedTagRow[]> {
    return this.#fetched.get(taskId) ?? this.#one.load(taskId)
  }

  /** Without their instants, together with other pages of this moment. */
  async prefetch(taskIds: readonly string[]): Promise<void> {
    await this.#pages.load(taskIds)
  }

  /** Takes over what another operation of the user's has fetched just now. */
  remember(taskId: string, tags: readonly NamedTagRow[]): void {
    this.#fetched.set(taskId, [...tags])
  }

  async #fetchPages(pages: readonly (readonly string[])[]): Promise<undefined[]> {
    const missing = new Set(pages.flat().filter((id) => !this.#fetched.has(id)))
    if (missing.size > 0) await this.#fetch([...missing], TAG_NAME_COLUMNS)
    return pages.map(() => undefined)
  }

  async #fetch(taskIds: readonly string[], columns: readonly (keyof TagRow)[]): Promise<(readonly NamedTagRow[])[]> {
    const { userId } = this.#reads
    const { db } = await this.#reads.open()
    // A tag comes once for all of its tasks; looked up once, too: for each link it takes PostgreSQL a third longer.
    const rows = await db
      .with(
        (cte) => cte('links').materialized(),
        (cte) =>
          cte
            .selectFrom('task_tags')
            .select(['tag_id', sql<readonly string[]>`array_agg(task_id)`.as('task_ids')])
            .where(isAmong('task_id', taskIds))
            .where(ownedBy(userId))
            .groupBy('tag_id'),
      )
      .selectFrom('links')
      .innerJoin('tags', 'tags.id', 'links.tag_id')
      .select(columns.map((column) => `tags.${column}` as const))
      .select('links.task_ids')
      .where('tags.deleted_at', 'is', null)
      .where(ownedBy(userId, 'tags'))
      .orderBy(sql`tags.name_key COLLATE "C"`)
      .execute()
    for (const id of taskIds) this.#fetched.set(id, [])
    for (const tag of rows) for (const id of tag.task_ids) this.#fetched.get(id)?.push(tag)
    return taskIds.map((id) => this.#fetched.get(id) ?? [])
  }
}

export const tagsOfTasks = (reads: Reads) => new TagsOfTasks(reads)
