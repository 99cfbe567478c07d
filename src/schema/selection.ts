import { getNamedType, type GraphQLResolveInfo, isLeafType, isObjectType, Kind, type SelectionSetNode } from 'graphql'

/**
 * The names of the fields that the operation asks for where `path` leads to from the field being resolved. Conditions of
 * fragments and @skip and @include are not looked at, so there may be some of which nothing comes: good for fetching only.
 */
export function fieldsAt(info: GraphQLResolveInfo, path: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { selectionSet } of info.fieldNodes)
    if (selectionSet !== undefined) collect(info, selectionSet, path, found)
  return found
}

/** Whether the operation asks for the field that `path` leads to; with the same reserve. */
export function selects(info: GraphQLResolveInfo, path: readonly string[]): boolean {
  return fieldsAt(info, path.slice(0, -1)).has(path.at(-1) ?? '')
}

function collect(
  info: GraphQLResolveInfo,
  { selections }: SelectionSetNode,
  path: readonly string[],
  found: Set<string>,
): void {
  const [name, ...rest] = path
  for (const selection of selections) {
    if (selection.kind !== Kind.FIELD) {
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value]
      if (fragment !== undefined) collect(info, fragment.selectionSet, path, found)
    } else if (name === undefined) {
      found.add(selection.name.value)
    } else if (selection.name.value === name && selection.selectionSet !== undefined) {
      collect(info, selection.selectionSet, rest, found)
    }
  }
}

/** For a field that is answered from other columns of its row than one of its own: `extensions: needs('status')`. */
export function needs(...columns: readonly string[]): { readonly columns: readonly string[] } {
  return { columns }
}

/**
 * The columns that rows must have to answer these fields of an object type; undefined, which is all of them, where one
 * of the fields does not say. Those that expose a column do (Pothos notes its name), and those that have `needs`.
 */
export function columnsFor(
  { schema }: GraphQLResolveInfo,
  typeName: string,
  fields: ReadonlySet<string>,
): ReadonlySet<string> | undefined {
  const type = schema.getType(typeName)
  const known = isObjectType(type) ? type.getFields() : {}
  const wanted = new Set<string>()
  for (const name of fields) {
    // A field of the type's interfaces is one of its own; __typename is none.
    if (name.startsWith('__')) continue
    const { pothosExposedField: exposed, columns } = known[name]?.extensions ?? {}
    if (typeof exposed === 'string') wanted.add(exposed)
    else if (Array.isArray(columns)) for (const column of columns as string[]) wanted.add(column)
    else return undefined
  }
  return wanted
}

/**
 * Whether what is asked of the field being resolved, an object of this type or several, are values that stand in its row:
 * none that lead to other objects, and all of columns that are known.
 */
export function asksForRowOnly(info: GraphQLResolveInfo, typeName: string): boolean {
  const type = info.schema.getType(typeName)
  const known = isObjectType(type) ? type.getFields() : {}
  const fields = fieldsAt(info, [])
  for (const name of fields) {
    const field = known[name]
    if (field !== undefined && !isLeafType(getNamedType(field.type))) return false
  }
  return columnsFor(info, typeName, fields) !== undefined
}
