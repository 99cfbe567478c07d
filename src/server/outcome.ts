import { type ExecutionResult, type GraphQLError, Kind, type SelectionNode, type ValidatedExecutionArgs } from 'graphql'
import type { Metrics } from '../lib/telemetry.ts'

/** `ok`, or the code of the first error. */
export function outcomeOf({ errors }: ExecutionResult): string {
  const [first] = errors ?? []
  return first === undefined ? 'ok' : codeOf(first)
}

/**
 * Counts each field of a mutation by its outcome. Only an error at the field itself is its outcome: one deeper in what
 * was selected leaves the change committed.
 */
export function countMutations(
  metrics: Metrics,
  args: ValidatedExecutionArgs,
  { data, errors = [] }: ExecutionResult,
): void {
  if (data == null) return
  for (const [key, field] of rootFields(args, args.operation.selectionSet.selections)) {
    if (!Object.hasOwn(data, key) || field.startsWith('__')) continue
    const error = errors.find(({ path }) => path?.length === 1 && path[0] === key)
    metrics.mutations.inc({ field, outcome: error === undefined ? 'ok' : codeOf(error) })
  }
}

function rootFields(args: ValidatedExecutionArgs, selections: readonly SelectionNode[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      fields.set((selection.alias ?? selection.name).value, selection.name.value)
    } else {
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : args.fragmentDefinitions[selection.name.value]
      for (const [key, field] of rootFields(args, fragment?.selectionSet.selections ?? [])) fields.set(key, field)
    }
  }
  return fields
}

function codeOf({ extensions }: GraphQLError): string {
  return typeof extensions.code === 'string' ? extensions.code : 'INTERNAL_SERVER_ERROR'
}
