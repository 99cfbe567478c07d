import { brandWithType } from '@pothos/core'
import type { EntityType } from '../domain/entity.ts'
import { type FoundNode, nodeById, nodesByIds, type NodeSource } from '../resolvers/node.ts'
import { builder } from './builder.ts'

/** What has an id of its own. Rows reach it through `registerNode`, which says how to find them and their type. */
export const Node = builder.interfaceRef<{ readonly id: string }>('Node').implement({
  description: 'Anything with an id of its own, to be had again by `node`. Expect types that you do not know yet.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID, unique across all types; the same in events and the audit trail.' }),
  }),
})

const sources: NodeSource[] = []

/**
 * Makes a type's rows findable by `node` and `nodes`.
 *
 * @param entityType what `entity_ids` calls it; without one the type is asked for every id that is not there
 */
export function registerNode(name: string, load: NodeSource['load'], entityType?: EntityType): void {
  sources.push({ name, load, entityType })
}

/** A row that stands in a field of an interface or union type, marked with the object type that it is of. */
export function branded<Row extends object>(row: Row, name: string): Row {
  brandWithType(row, name as never)
  return row
}

const find = (node: FoundNode | null) => node && branded(node.row, node.name)

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description: 'What has this id, whatever its type; a task also from the trash. null where nothing of yours has it.',
    args: { id: t.arg.id({ required: true, description: 'The id of anything.' }) },
    resolve: async (_, args, context) => find(await nodeById(context, args, sources)),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: false, items: true },
    description: 'The same for up to 100 ids, in their order.',
    args: { ids: t.arg.idList({ required: true, description: 'At most 100 ids.' }) },
    resolve: async (_, args, context) => (await nodesByIds(context, args, sources)).map(find),
  }),
}))
