import type DataLoader from 'dataloader'
import { sql } from 'kysely'
import { type Issue, notFound } from '../domain/errors.ts'
import { tagKey } from '../domain/tag.ts'
import { ownedBy } from '../entities/scope.ts'
import { type NamedTagRow, TAG_COLUMNS, type TagRow } from '../entities/tag-state.ts'
import { isUuid } from '../lib/ids.ts'
import { type Context, viewerOf } from './context.ts'
import { type Page, type PagingArgs, readPage } from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import type { Reads } from './reads.ts'
import { rowLoader } from './row-loader.ts'

const LONGEST_SEARCH = 1_000

/** Names are unique, so the key is one for the order, too; the id is for what a deleted tag may leave behind. */
const BY_NAME: readonly OrderKey[] = [
  { name: 'NAME', expression: sql`(tags.name_key COLLATE "C")`, kind: 'text', direction: 'ASC' },
  { name: 'ID', expression: sql`tags.id`, kind: 'uuid', direction: 'ASC' },
]

/** Tags by their ids in lower case; null where the user has none, or has deleted it. */
export function tagById(reads: Reads): DataLoader<string, TagRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('tags').select(TAG_COLUMNS).where('deleted_at', 'is', null))
}

/** The whole of a tag that was read without its instants, from the same snapshot. */
export async function instantsOf({ reads }: Context, { id }: NamedTagRow): Promise<TagRow> {
  const row = await reads.loader(tagById).load(id)
  if (row === null) throw notFound('The tag')
  return row
}

export async function tag(context: Context, { id }: { readonly id: string }): Promise<TagRow | null> {
  viewerOf(context)
  return isUuid(id) ? context.reads.loader(tagById).load(id.toLowerCase()) : null
}

/** The user's tags by name; `search` is part of the name, in whatever case. */
export async function tags(
  { reads }: Context,
  args: PagingArgs & { readonly search?: string | null | undefined },
): Promise<Page<TagRow>> {
  const { db } = await reads.open()
  const issues: Issue[] = []
  const search = tagKey(args.search?.trim() ?? '')
  if (search.length > LONGEST_SEARCH)
    issues.push({ path: ['search'], message: `At most ${LONGEST_SEARCH} characters.` })
  let query = db.selectFrom('tags').select(TAG_COLUMNS).where('deleted_at', 'is', null).where(ownedBy(reads.userId))
  // strpos has no characters with a meaning of their own, as LIKE has; no tag's name has the one that SQL cannot take.
  if (search.includes('\0')) query = query.where(sql<boolean>`false`)
  else if (search !== '') query = query.where(sql<boolean>`strpos(name_key, ${search}) > 0`)
  return readPage(reads, { binding: ['tags', search], query, keys: BY_NAME }, args, issues)
}
