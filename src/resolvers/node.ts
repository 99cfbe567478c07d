import DataLoader from 'dataloader'
import { sql } from 'kysely'
import type { EntityType } from '../domain/entity.ts'
import { badUserInput } from '../domain/errors.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import { type Context, viewerOf } from './context.ts'
import type { Reads } from './reads.ts'

/** How to find the rows of one object type by id; null for one that is not there. */
export interface NodeSource {
  /** The GraphQL type's name. */
  readonly name: string
  /** What `entity_ids` calls it; undefined for a type whose ids are not kept there. */
  readonly entityType: EntityType | undefined
  load(context: Context, id: string): Promise<{ readonly id: string } | null>
}

export interface FoundNode {
  readonly name: string
  readonly row: { readonly id: string }
}

const MOST_NODES = 100

/** What has this id, whatever its type; null where nothing of the user's has. */
export async function nodeById(
  context: Context,
  args: { readonly id: string },
  sources: readonly NodeSource[],
): Promise<FoundNode | null> {
  viewerOf(context)
  const id = args.id.toLowerCase()
  if (!isUuid(id)) return null
  const entityType = await context.reads.loader(entityTypes).load(id)
  for (const source of sources) {
    if (source.entityType !== entityType) continue
    const row = await source.load(context, id)
    if (row !== null) return { name: source.name, row }
  }
  return null
}

/** The same for several, in their order. */
export async function nodesByIds(
  context: Context,
  args: { readonly ids: readonly string[] },
  sources: readonly NodeSource[],
): Promise<(FoundNode | null)[]> {
  if (args.ids.length > MOST_NODES) throw badUserInput([{ path: ['ids'], message: `At most ${MOST_NODES} at once.` }])
  return Promise.all(args.ids.map((id) => nodeById(context, { id }, sources)))
}

function entityTypes(reads: Reads): DataLoader<string, EntityType | undefined> {
  return new DataLoader(async (ids) => {
    const { db } = await reads.open()
    const rows = await db
      .selectFrom('entity_ids')
      .select(['id', 'entity_type'])
      .where('id', '=', sql<string>`ANY(${ids}::uuid[])`)
      .where(ownedBy(reads.userId))
      .execute()
    const types = new Map(rows.map((row) => [row.id, row.entity_type]))
    return ids.map((id) => types.get(id))
  })
}
