import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'

/**
 * Whether the operation asks for the field that `path` leads to from the field being resolved. Conditions of fragments
 * and @skip and @include are not looked at, so the answer may be yes where nothing comes: good for fetching ahead only.
 */
export function selects(info: GraphQLResolveInfo, path: readonly string[]): boolean {
  return info.fieldNodes.some((node) => node.selectionSet !== undefined && leadsTo(info, node.selectionSet, path))
}

function leadsTo(info: GraphQLResolveInfo, { selections }: SelectionSetNode, path: readonly string[]): boolean {
  const [name, ...rest] = path
  return selections.some((selection) => {
    if (selection.kind === Kind.FIELD)
      return (
        selection.name.value === name &&
        (rest.length === 0 || (selection.selectionSet !== undefined && leadsTo(info, selection.selectionSet, rest)))
      )
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value]
    return fragment !== undefined && leadsTo(info, fragment.selectionSet, path)
  })
}
