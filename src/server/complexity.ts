import {
  type FieldNode,
  getArgumentValues,
  getNamedType,
  type GraphQLCompositeType,
  type GraphQLField,
  isCompositeType,
  Kind,
  type NamedTypeNode,
  type SelectionSetNode,
  typeFromAST,
  type ValidatedExecutionArgs,
} from 'graphql'

const DEFAULT_PAGE = 50
/** No page is larger: what asks for more is refused by its field. */
const LARGEST_PAGE = 1_000
/** How much a part of the schema weighs in introspection, whose lists have no arguments. */
const INTROSPECTION_WEIGHT = 10
/** Lists in arguments that make a list of the same length in the answer. */
const LISTS = ['ids', 'tasks']
/** Arguments that say how many elements there are to be. */
const SIZES = ['first', 'last', 'days']

/**
 * What an operation may cost at most: each field is 1, and what lies below a field that answers with a page or a list
 * counts for each element that was asked for (`first`, else `last` or `days`, else the default page; or the ids that were
 * given).
 * A fragment counts wherever it is spread. It takes the variables' values, so it is measured before each execution.
 */
export function complexityOf(args: ValidatedExecutionArgs): number {
  const root = args.schema.getRootType(args.operation.operation)
  const measure = new Measure(args)
  return root == null ? 0 : measure.selectionSet(args.operation.selectionSet, root)
}

class Measure {
  readonly #args: ValidatedExecutionArgs
  readonly #fragments = new Map<string, number>()

  constructor(args: ValidatedExecutionArgs) {
    this.#args = args
  }

  selectionSet(set: SelectionSetNode, parent: GraphQLCompositeType): number {
    let total = 0
    for (const selection of set.selections) {
      switch (selection.kind) {
        case Kind.FIELD:
          total += this.#field(selection, parent)
          break
        case Kind.INLINE_FRAGMENT:
          total += this.selectionSet(selection.selectionSet, this.#typeOf(selection.typeCondition) ?? parent)
          break
        case Kind.FRAGMENT_SPREAD:
          total += this.#fragment(selection.name.value)
          break
      }
    }
    return total
  }

  /** Counted once for all its spreads. While it is being counted it is 0, so that a cycle ends. */
  #fragment(name: string): number {
    const known = this.#fragments.get(name)
    if (known !== undefined) return known
    this.#fragments.set(name, 0)
    const definition = this.#args.fragmentDefinitions[name]
    const type = this.#typeOf(definition?.typeCondition)
    const cost = definition === undefined || type === undefined ? 0 : this.selectionSet(definition.selectionSet, type)
    this.#fragments.set(name, cost)
    return cost
  }

  #field(node: FieldNode, parent: GraphQLCompositeType): number {
    if (node.selectionSet === undefined) return 1
    const field = this.#args.schema.getField(parent, node.name.value)
    const type = field === undefined ? undefined : getNamedType(field.type)
    if (field === undefined || !isCompositeType(type)) return 1
    return 1 + this.#elements(field, node) * this.selectionSet(node.selectionSet, type)
  }

  #elements(field: GraphQLField<unknown, unknown>, node: FieldNode): number {
    if (field.name === '__schema' || field.name === '__type') return INTROSPECTION_WEIGHT
    const takes = (name: string) => field.args.some((argument) => argument.name === name)
    if (getNamedType(field.type).name.endsWith('Connection') || SIZES.some(takes)) {
      const values = this.#values(field, node)
      const size = SIZES.map((name) => values[name]).find((value) => value != null)
      return typeof size === 'number' ? Math.min(Math.max(1, size), LARGEST_PAGE) : DEFAULT_PAGE
    }
    if (!takes('input') && !LISTS.some(takes)) return 1
    const values = this.#values(field, node)
    return Math.max(1, lengthOfList(values) ?? lengthOfList(values.input) ?? 1)
  }

  /** Arguments that do not fit cost nothing more: their field says so when it is executed. */
  #values(field: GraphQLField<unknown, unknown>, node: FieldNode): Record<string, unknown> {
    try {
      return getArgumentValues(field, node, this.#args.variableValues)
    } catch {
      return {}
    }
  }

  #typeOf(condition: NamedTypeNode | undefined): GraphQLCompositeType | undefined {
    const type = condition === undefined ? undefined : typeFromAST(this.#args.schema, condition)
    return isCompositeType(type) ? type : undefined
  }
}

function lengthOfList(values: unknown): number | undefined {
  if (values === null || typeof values !== 'object') return undefined
  for (const [name, value] of Object.entries(values))
    if (LISTS.includes(name) && Array.isArray(value)) return value.length
  return undefined
}
