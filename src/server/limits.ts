import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'
import type { Config } from '../lib/config.ts'

/** An operation that is too large in one respect: what was counted, and how much is allowed. */
export function tooComplex(what: string, counted: number | undefined, limit: number): GraphQLError {
  const found = counted === undefined ? `more than ${limit}` : `${counted}, and at most ${limit} are allowed`
  return new GraphQLError(`The operation is too complex: ${what}: ${found}.`, {
    extensions: { code: 'OPERATION_TOO_COMPLEX', measure: what, ...(counted === undefined ? {} : { counted }), limit },
  })
}

/**
 * The rule for what can be counted without variables: how deep the fields of an operation lie, and how many of them are
 * aliased, fragments counted wherever they are spread. Introspection is not counted as depth: graphql-js has a rule of
 * its own for it, and the query that tools send is as deep as it is.
 */
export function shapeLimits(limits: Pick<Config['limits'], 'depth' | 'aliases'>) {
  return (context: ValidationContext): ASTVisitor => ({
    OperationDefinition(operation) {
      const { depth, aliases } = measure(context, operation.selectionSet, new Map())
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
function measure(context: ValidationContext, selectionSet: SelectionSetNode, known: Map<string, Shape>): Shape {
  let depth = 0
  let aliases = 0
  for (const selection of selectionSet.selections) {
    const inner = measureSelection(context, selection, known)
    depth = Math.max(depth, inner.depth)
    aliases += inner.aliases
  }
  return { depth, aliases }
}

function measureSelection(
  context: ValidationContext,
  selection: SelectionSetNode['selections'][number],
  known: Map<string, Shape>,
): Shape {
  if (selection.kind === Kind.INLINE_FRAGMENT) return measure(context, selection.selectionSet, known)
  if (selection.kind === Kind.FRAGMENT_SPREAD) {
    const fragment = context.getFragment(selection.name.value)
    return fragment == null ? NOTHING : measureFragment(context, fragment, known)
  }
  const inner = selection.selectionSet === undefined ? NOTHING : measure(context, selection.selectionSet, known)
  return {
    depth: selection.name.value.startsWith('__') ? 1 : inner.depth + 1,
    aliases: inner.aliases + (selection.alias === undefined ? 0 : 1),
  }
}

function measureFragment(
  context: ValidationContext,
  fragment: FragmentDefinitionNode,
  known: Map<string, Shape>,
): Shape {
  const name = fragment.name.value
  const before = known.get(name)
  if (before !== undefined) return before
  known.set(name, NOTHING)
  const shape = measure(context, fragment.selectionSet, known)
  known.set(name, shape)
  return shape
}
