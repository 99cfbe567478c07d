import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

/** What a text or an id in an argument stands for. `text` names nothing of anybody's. */
export type Kind =
  | 'task'
  | 'tag'
  | 'series'
  | 'reminder'
  | 'notification'
  | 'conversation'
  | 'anything'
  | 'event'
  | 'correlation'
  | 'new id'
  | 'idempotency key'
  | 'tag name'
  | 'tag name, made where there is none'
  | 'words'
  | 'cursor'
  | 'feed cursor'
  | 'text'

/** A place in the schema that takes an id or a text: an argument's, or one in the input objects that it takes. */
export interface Place {
  /** For example `Query.tasks(filter.and.ids)`. */
  readonly name: string
  readonly kind: Kind
  readonly field: string
  /** The operation; the field's arguments are its variables, `$node` the id of what the field belongs to. */
  readonly document: string
  /** The type that the field belongs to, where that is found by `node`. */
  readonly parent: string | undefined
  /** The variables with `value` at this place, and what else is required taken from `others`. */
  variables(value: unknown, others: (kind: Kind) => unknown): Record<string, unknown>
}

export interface PlacesOptions {
  /** By `Type.field` of an input object, or `Type.field(argument)`; with `*` for any type and field. */
  readonly kinds: Readonly<Record<string, Kind>>
  /** What else to give in an input object, or with one of its fields, so that there is something to be done. */
  readonly extras: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Step = string

/** All places of a schema, for every field that can be reached. Throws where one is of no known kind. */
export function placesOf(schema: GraphQLSchema, options: PlacesOptions): Place[] {
  const unknown = new Set<string>()
  const places: Place[] = []
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields()))
      for (const argument of field.args)
        for (const { path, key } of leavesOf(argument, `${type.name}.${field.name}`)) {
          const kind = options.kinds[key] ?? options.kinds[key.replace(/^.*\(/, '*(')]
          if (kind === undefined) unknown.add(key)
          else places.push(createPlace(schema, type, field, path, kind, options))
        }
  }
  if (unknown.size > 0) throw new Error(`Nobody has said what these stand for: ${[...unknown].join(', ')}`)
  return places
}

/** The ids and texts within an argument. An input object that holds itself is entered once: what it holds is the same. */
function leavesOf(argument: GraphQLArgument, field: string): { path: Step[]; key: string }[] {
  const found: { path: Step[]; key: string }[] = []
  const walk = (type: GraphQLInputType, path: Step[], key: string, entered: readonly string[]) => {
    const named = getNamedType(type)
    if (isInputObjectType(named)) {
      if (entered.includes(named.name)) return
      for (const inner of Object.values(named.getFields()))
        walk(inner.type, [...path, inner.name], `${named.name}.${inner.name}`, [...entered, named.name])
    } else if (named.name === 'ID' || named.name === 'String') {
      found.push({ path, key })
    }
  }
  walk(argument.type, [argument.name], `${field}(${argument.name})`, [])
  return found
}

function createPlace(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  path: readonly Step[],
  kind: Kind,
  options: PlacesOptions,
): Place {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const isRoot = roots.includes(type)
  const operation = type === schema.getMutationType() ? 'mutation' : isRoot ? type.name.toLowerCase() : 'query'
  if (!isRoot && !type.getInterfaces().some(({ name }) => name === 'Node'))
    throw new Error(`Nobody has said how to reach ${type.name}.${field.name}.`)
  const taken = field.args.filter((argument) => argument.name === path[0] || isRequiredArgument(argument))
  const variables = taken.map(({ name, type: argument }) => `$${name}: ${String(argument)}`)
  const given = taken.map(({ name }) => `${name}: $${name}`).join(', ')
  const selected = `${field.name}(${given})${selectionOf(schema, field.type)}`
  const document = isRoot
    ? `${operation} (${variables.join(', ')}) { ${selected} }`
    : `${operation} ($node: ID!, ${variables.join(', ')}) { node(id: $node) { ... on ${type.name} { ${selected} } } }`
  return {
    name: `${type.name}.${field.name}(${path.join('.')})`,
    kind,
    field: field.name,
    document,
    parent: isRoot ? undefined : type.name,
    variables: (value, others) => {
      const filled: Record<string, unknown> = {}
      for (const { name, type: input } of taken)
        filled[name] = fill(input, name === path[0] ? path.slice(1) : undefined, value, kindOf(name), others)
      return filled
    },
  }

  function kindOf(argument: string): Kind {
    return options.kinds[`${type.name}.${field.name}(${argument})`] ?? 'text'
  }

  /** A value of the type: `value` at the end of the path, and beside the path what is required. */
  function fill(
    input: GraphQLInputType,
    rest: readonly Step[] | undefined,
    value: unknown,
    here: Kind,
    others: (kind: Kind) => unknown,
  ): unknown {
    const nullable = getNullableType(input)
    if (isListType(nullable)) {
      const item = fill(nullable.ofType, rest, value, here, others)
      return Array.isArray(item) ? item : [item]
    }
    if (isInputObjectType(nullable)) {
      const filled: Record<string, unknown> = {
        ...options.extras[nullable.name],
        ...options.extras[`${nullable.name}.${rest?.[0]}`],
      }
      for (const inner of Object.values(nullable.getFields())) {
        const isHere = inner.name === rest?.[0]
        const kindThere = options.kinds[`${nullable.name}.${inner.name}`] ?? 'text'
        if (isHere) filled[inner.name] = fill(inner.type, rest?.slice(1), value, kindThere, others)
        else if (isRequiredInputField(inner) && !(inner.name in filled))
          filled[inner.name] = fill(inner.type, undefined, value, kindThere, others)
      }
      return filled
    }
    if (rest !== undefined) return value
    if (isEnumType(nullable)) return nullable.getValues()[0]?.name
    return others(here)
  }
}

const DEEPEST = 3

/** Everything that can be asked for without arguments, some levels deep. */
function selectionOf(schema: GraphQLSchema, type: GraphQLOutputType, depth = 0): string {
  const named = getNamedType(type)
  if (isLeafType(named)) return ''
  if (isAbstractType(named)) {
    const members = schema.getPossibleTypes(named)
    return ` { __typename ${members.map((member) => `... on ${member.name}${selectionOf(schema, member, depth)}`).join(' ')} }`
  }
  const fields = Object.values(named.getFields())
    .filter(({ args }) => !args.some(isRequiredArgument))
    .filter((field) => isLeafType(getNamedType(field.type)) || depth < DEEPEST)
    .map((field) => `${field.name}${selectionOf(schema, field.type, depth + 1)}`)
  return ` { __typename ${fields.join(' ')} }`
}
