import {
  type ASTNode,
  type ASTVisitor,
  getNamedType,
  GraphQLError,
  type GraphQLInputType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  isSpecifiedScalarType,
  Kind,
  type ValidationContext,
  validateInputLiteral,
  type ValueNode,
} from 'graphql'
import { badUserInput, type Issue } from '../domain/errors.ts'

type Path = Issue['path']
type Visit = (node: ValueNode, key: unknown, parent: unknown, path: unknown, ancestors: Ancestors) => false
type Ancestors = readonly (ASTNode | readonly ASTNode[])[]

/**
 * graphql-js's ValuesOfCorrectTypeRule, which it stands in for, with one difference: a literal of the right kind whose
 * value a scalar of ours refuses (a day that does not exist) is no fault of the document but bad input, told like that
 * of a variable: all together, each with its path from the argument on.
 */
export function valuesOfCorrectType(context: ValidationContext): ASTVisitor {
  const issues: Issue[] = []
  const nodes: ValueNode[] = []

  const check = (node: ValueNode, type: GraphQLInputType | undefined | null, ancestors: Ancestors): false => {
    if (type == null) return false
    validateInputLiteral(
      node,
      type,
      (error, path) => {
        const name = context.getArgument()?.name ?? variableAmong(ancestors)
        if (name === undefined || !isRefusedByScalar(node, type, path)) return context.reportError(error)
        issues.push({ path: [name, ...path], message: error.message })
        nodes.push(node)
      },
      undefined,
      undefined,
      context.hideSuggestions,
    )
    return false
  }
  const value: Visit = (node, _key, _parent, _path, ancestors) => check(node, context.getInputType(), ancestors)

  return {
    NullValue: value,
    ObjectValue: value,
    EnumValue: value,
    IntValue: value,
    FloatValue: value,
    StringValue: value,
    BooleanValue: value,
    ListValue: (node, _key, _parent, _path, ancestors) => check(node, context.getParentInputType(), ancestors),
    Document: {
      leave() {
        if (issues.length === 0) return
        const { code, message } = badUserInput(issues)
        context.reportError(new GraphQLError(message, { nodes, extensions: { code, issues } }))
      },
    },
  }
}

/** Whether `path` leads from the literal to a value, not null, of a scalar that is not one of GraphQL's own. */
function isRefusedByScalar(node: ValueNode, type: GraphQLInputType, path: Path): boolean {
  let value: ValueNode | undefined = node
  let at: GraphQLInputType = type
  for (const step of path) {
    if (typeof step === 'number') {
      const list = isNonNullType(at) ? at.ofType : at
      if (isListType(list)) at = list.ofType
      value = value?.kind === Kind.LIST ? value.values[step] : undefined
    } else {
      // One object may stand for a list of one.
      const object = getNamedType(at)
      const field = isInputObjectType(object) ? object.getFields()[step] : undefined
      if (field === undefined) return false
      at = field.type
      value = value?.kind === Kind.OBJECT ? value.fields.find(({ name }) => name.value === step)?.value : undefined
    }
  }
  const named = getNamedType(at)
  return value !== undefined && value.kind !== Kind.NULL && isScalarType(named) && !isSpecifiedScalarType(named)
}

function variableAmong(ancestors: Ancestors): string | undefined {
  for (const ancestor of ancestors)
    if ('kind' in ancestor && ancestor.kind === Kind.VARIABLE_DEFINITION) return ancestor.variable.name.value
  return undefined
}
