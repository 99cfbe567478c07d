import {
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidatedSubscriptionArgs,
  visit,
} from 'graphql'
import type { ValueNode } from 'graphql'
import type { Viewer } from '../auth/viewer.ts'

/** The argument of a subscription that says where it begins, and nothing of what an event comes to. */
const BEGINNING = 'after'

/**
 * Among the subscriptions of one document: those with the same key get the same result from the same event. They are
 * one user's, with the same rights, and give the same values to the variables; where each began does not matter.
 */
export function sharingKey(args: ValidatedSubscriptionArgs, { userId, admin }: Viewer): string {
  const { coerced } = args.variableValues
  const values = variablesThatCount(args).map((name) => (Object.hasOwn(coerced, name) ? [coerced[name]] : []))
  return JSON.stringify([userId, admin, args.operation.name?.value ?? null, values])
}

const known = new WeakMap<OperationDefinitionNode, readonly string[]>()

/** The names of the operation's variables, without those that only say where it begins. */
function variablesThatCount(args: ValidatedSubscriptionArgs): readonly string[] {
  let names = known.get(args.operation)
  if (names === undefined) {
    names = readVariables(args)
    known.set(args.operation, names)
  }
  return names
}

function readVariables({ document, operation, fragmentDefinitions }: ValidatedSubscriptionArgs): readonly string[] {
  const beginnings = new Set<ValueNode>()
  const readRoot = ({ selections }: SelectionSetNode) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        for (const { name, value } of selection.arguments ?? []) if (name.value === BEGINNING) beginnings.add(value)
      } else {
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentDefinitions[selection.name.value]
        if (fragment !== undefined) readRoot(fragment.selectionSet)
      }
    }
  }
  readRoot(operation.selectionSet)
  const names = new Set<string>()
  visit(document, {
    VariableDefinition: () => false,
    Variable: (node) => {
      if (!beginnings.has(node)) names.add(node.name.value)
    },
  })
  return [...names].toSorted()
}
