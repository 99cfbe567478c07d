import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'
import type { Config } from '../lib/config.ts'

/**
 * An operation that is too large in one respect.
 *
 * @param counted undefined where counting stopped at the limit
 * @param limit undefined where it is graphql-js's own
 */
export function tooComplex(measure: string, counted: number | undefined, limit: number | undefined): GraphQLError {
  const found = counted === undefined ? 'there are too many' : `there are ${counted}`
  const allowed = limit === undefined ? '' : `, and at most ${limit} are allowed`
  return new GraphQLError(`The operation is too complex: of ${measure} ${found}${allowed}.`, {
    extensions: { code: 'OPERATION_TOO_COMPLEX', measure, counted, limit },
  })
}

/** No input of the API is nested half as deep; what takes values apart by recursion need not fear for its stack. */
const DEEPEST_VALUE = 100

/** The rule for literals that are nested too deep. */
export function literalDepth(context: ValidationContext): ASTVisitor {
  let depth = 0
  const enter = () => {
    depth += 1
    if (depth === DEEPEST_VALUE + 1) context.reportError(tooComplex('levels in a value', undefined, DEEPEST_VALUE))
  }
  const leave = () => {
    depth -= 1
  }
  return { ObjectValue: { enter, leave }, ListValue: { enter, leave } }
}

/** Whether a variable's value is nested too deep. Takes no stack itself. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST_VALUE) return true
    level = level.flatMap((item) =>
      item !== null && typeof item === 'object' ? (Object.values(item) as unknown[]) : [],
    )
  }
  return false
}

/**
 * The rule for what can be counted without variables: how deep the fields of an operation lie, and how many of them are
 * aliased, fragments counted wherever they are spread. Introspection is not counted as depth: graphql-js has a rule of
 * its own for it, and the query that tools send is as deep as it is.
 */
export function shapeLimits(limits: Pick<Config['limits'], 'depth' | 'aliases'>) {
  return (context: ValidationContext): ASTVisitor => ({
    OperationDefinition(operation) {
      const { depth, aliases } = shapeOf(context, operation.selectionSet, new Map())
      if (depth > limits.depth) context.reportError(tooComplex('depth', depth, limits.depth))
      if (aliases > limits.aliases) context.reportError(tooComplex('aliases', aliases, limits.aliases))
    },
  })
}

interface Shape {
  readonly depth: number
  readonly aliases: number
}

const NOTHING: Shape = { depth: 0, aliases: 0 }

/** @param known the fragments measured already; one that is being measured counts nothing, so that cycles end */
function shapeOf(context: ValidationContext, selectionSet: SelectionSetNode, known: Map<string, Shape>): Shape {
  let depth = 0
  let aliases = 0
  for (const selection of selectionSet.selections) {
    const inner = shapeOfSelection(context, selection, known)
    depth = Math.max(depth, inner.depth)
    aliases += inner.aliases
  }
  return { depth, aliases }
}

function shapeOfSelection(
  context: ValidationContext,
  selection: SelectionSetNode['selections'][number],
  known: Map<string, Shape>,
): Shape {
  if (selection.kind === Kind.INLINE_FRAGMENT) return shapeOf(context, selection.selectionSet, known)
  if (selection.kind === Kind.FRAGMENT_SPREAD) {
    const fragment = context.getFragment(selection.name.value)
    return fragment == null ? NOTHING : shapeOfFragment(context, fragment, known)
  }
  const inner = selection.selectionSet === undefined ? NOTHING : shapeOf(context, selection.selectionSet, known)
  return {
    depth: selection.name.value.startsWith('__') ? 1 : inner.depth + 1,
    aliases: inner.aliases + (selection.alias === undefined ? 0 : 1),
  }
}

function shapeOfFragment(
  context: ValidationContext,
  fragment: FragmentDefinitionNode,
  known: Map<string, Shape>,
): Shape {
  const name = fragment.name.value
  const before = known.get(name)
  if (before !== undefined) return before
  known.set(name, NOTHING)
  const shape = shapeOf(context, fragment.selectionSet, known)
  known.set(name, shape)
  return shape
}
