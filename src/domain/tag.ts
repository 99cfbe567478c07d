import { z } from 'zod'

/** What an event tells of a tag: the fields of the API's Tag. Instants are RFC 3339, UTC, with milliseconds. */
export const tagFields = {
  id: z.guid(),
  version: z.int().min(1),
  name: z.string(),
  color: z.string().nullable(),
  createdAt: z.iso.datetime({ precision: 3 }),
  updatedAt: z.iso.datetime({ precision: 3 }),
}

export type TagState = z.infer<z.ZodObject<typeof tagFields>>

/**
 * A tag's name as names are compared: two names are the same tag of a user where this is equal. Case does not count, in
 * any script: lower-casing alone would keep «STRASSE» from «Straße» and «ΣΑΣ» from «σασ».
 */
export function tagKey(name: string): string {
  return name.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC')
}

/**
 * The order of tags by name, in events as in lists: by key, code point by code point. In SQL that is
 * `ORDER BY name_key COLLATE "C"`.
 */
export function compareTagNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(tagKey(a)), Buffer.from(tagKey(b)))
}
