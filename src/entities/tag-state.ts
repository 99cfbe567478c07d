import type { Selectable } from 'kysely'
import { type TagState, tagKey } from '../domain/tag.ts'
import type { Tables } from './tables.ts'

type FullRow = Selectable<Tables['tags']>

/** The columns that tell of a tag. */
export const TAG_COLUMNS = [
  'id',
  'version',
  'name',
  'color',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof FullRow)[]

export type TagRow = Pick<FullRow, (typeof TAG_COLUMNS)[number]>

/** Without its instants, which hardly anybody asks of the tags of a task: of fifty tasks they are most of the reading. */
export const TAG_NAME_COLUMNS = ['id', 'version', 'name', 'color'] as const satisfies readonly (keyof TagRow)[]

/** A tag that may have been read without its instants. */
export type NamedTagRow = Pick<TagRow, (typeof TAG_NAME_COLUMNS)[number]> & Partial<TagRow>

/** A tag as rules and events see it. */
export function tagState(row: TagRow): TagState {
  return {
    id: row.id,
    version: row.version,
    name: row.name,
    color: row.color,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** The whole row of a tag, not deleted, in this state. */
export function tagRow(state: TagState, userId: string): FullRow {
  return {
    id: state.id,
    user_id: userId,
    version: state.version,
    name: state.name,
    name_key: tagKey(state.name),
    color: state.color,
    deleted_at: null,
    created_at: new Date(state.createdAt),
    updated_at: new Date(state.updatedAt),
  }
}
