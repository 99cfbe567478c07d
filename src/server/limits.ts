import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql'

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
