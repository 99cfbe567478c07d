import { z } from 'zod'
import { nextVersion } from './entity.ts'
import { changedAt, entityId, entityVersion, madeAt } from './state-fields.ts'

/** What an event tells of a tag: the fields of the API's Tag. */
export const tagFields = {
  id: entityId,
  version: entityVersion,
  name: z.string().describe('What it is called; unique among the user’s, whatever the case.'),
  color: z.string().nullable().describe('`#rrggbb`; null: none.'),
  createdAt: madeAt,
  updatedAt: changedAt,
}

/** A tag as its rules and its events see it. Instants are RFC 3339 in UTC with milliseconds, so they sort as text. */
export type TagState = z.infer<z.ZodObject<typeof tagFields>>

/** What happened to a tag: the event it makes, and the state before and after. */
export interface TagChange {
  readonly type: `tag.${'created' | 'updated' | 'deleted'}`
  readonly state: TagState
  readonly previousState?: TagState
}

/** A tag of a task. */
export interface TagRef {
  readonly id: string
  readonly name: string
}

/**
 * A tag's name as names are compared: two names are the same tag of a user where this is equal. Space around it does
 * not count, nor case in any script: lower-casing alone would keep «STRASSE» from «Straße» and «ΣΑΣ» from «σασ».
 */
export function tagKey(name: string): string {
  return name.trim().normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC')
}

/** The names by their keys; of names that are the same the first spelling counts. */
export function distinctNames(names: readonly string[]): ReadonlyMap<string, string> {
  const distinct = new Map<string, string>()
  for (const name of names) if (!distinct.has(tagKey(name))) distinct.set(tagKey(name), name)
  return distinct
}

/**
 * The order of tags by name, in events as in lists: by key, code point by code point. In SQL that is
 * `ORDER BY name_key COLLATE "C"`.
 */
export function compareTagNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(tagKey(a)), Buffer.from(tagKey(b)))
}

export function tagCreated(tag: { id: string; name: string; color?: string | null | undefined }, now: Date): TagChange {
  const at = now.toISOString()
  const state = { id: tag.id, version: 1, name: tag.name, color: tag.color ?? null, createdAt: at, updatedAt: at }
  return { type: 'tag.created', state }
}

/** What is absent stays, null clears. @returns undefined where nothing would change */
export function tagUpdated(
  tag: TagState,
  update: { name?: string | undefined; color?: string | null | undefined },
  now: Date,
): TagChange | undefined {
  const name = update.name ?? tag.name
  const color = update.color === undefined ? tag.color : update.color
  if (name === tag.name && color === tag.color) return undefined
  return { type: 'tag.updated', state: { ...nextVersion(tag, now), name, color }, previousState: tag }
}

export function tagDeleted(tag: TagState, now: Date): TagChange {
  return { type: 'tag.deleted', state: nextVersion(tag, now), previousState: tag }
}
