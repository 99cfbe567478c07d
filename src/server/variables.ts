import {
  GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql'
import type { Issue } from '../domain/errors.ts'

type Path = Issue['path']

/** More are not told: a list of a million wrong values would get an answer larger than itself. */
const MOST_ISSUES = 100

/**
 * Everything that is wrong with an operation's variables, with the path to each value from the variable's name on.
 * graphql-js, which coerces them, says the same in sentences and stops at 50; its paths end above a field that is missing.
 *
 * @param hideSuggestions whether to leave out what only introspection would tell, such as the values of an enum
 */
export function variableIssues(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  values: Readonly<Record<string, unknown>>,
  hideSuggestions: boolean,
): Issue[] {
  const issues: Issue[] = []
  const check = new Check(issues, hideSuggestions)
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value
    const type = typeFromAST(schema, definition.type)
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (isInputType(type) && !(value === undefined && definition.defaultValue !== undefined))
      check.value(value, type, [name])
  }
  return issues
}

class Check {
  readonly #issues: Issue[]
  readonly #hideSuggestions: boolean

  constructor(issues: Issue[], hideSuggestions: boolean) {
    this.#issues = issues
    this.#hideSuggestions = hideSuggestions
  }

  value(value: unknown, type: GraphQLInputType, path: Path): void {
    if (isNonNullType(type)) {
      if (value === undefined) this.#report(path, 'Is required.')
      else if (value === null) this.#report(path, 'Must not be null.')
      else this.value(value, type.ofType, path)
    } else if (value === undefined || value === null) {
      return
    } else if (isListType(type)) {
      if (Array.isArray(value))
        for (const [index, item] of value.entries()) this.value(item, type.ofType, [...path, index])
      else this.value(value, type.ofType, path)
    } else if (isInputObjectType(type)) {
      if (typeof value !== 'object' || Array.isArray(value)) this.#report(path, `Must be an object, a ${type.name}.`)
      else this.#object(value as Record<string, unknown>, type, path)
    } else {
      this.#leaf(value, type, path)
    }
  }

  #object(value: Readonly<Record<string, unknown>>, type: GraphQLInputObjectType, path: Path): void {
    const fields = type.getFields()
    for (const field of Object.values(fields)) {
      const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined
      if (given !== undefined || isRequiredInputField(field)) this.value(given, field.type, [...path, field.name])
    }
    const given = Object.keys(value).filter((name) => value[name] !== undefined)
    for (const name of given)
      if (!Object.hasOwn(fields, name)) this.#report([...path, name], `Is no field of ${type.name}.`)
    if (type.isOneOf && (given.length !== 1 || value[given[0] ?? ''] === null))
      this.#report(path, `Must have exactly one field of ${type.name}, and that not null.`)
  }

  #leaf(value: unknown, type: GraphQLLeafType, path: Path): void {
    const otherwise = isEnumType(type) && !this.#hideSuggestions ? oneOf(type.getValues()) : `Must be a ${type.name}.`
    try {
      if (type.coerceInputValue(value, this.#hideSuggestions) === undefined) this.#report(path, otherwise)
    } catch (error) {
      // What a scalar says of a value is meant for whoever gave it; other errors are not.
      const told = error instanceof GraphQLError && !isEnumType(type)
      this.#report(path, told ? error.message : otherwise)
    }
  }

  #report(path: Path, message: string): void {
    if (this.#issues.length < MOST_ISSUES) this.#issues.push({ path, message })
  }
}

function oneOf(values: readonly { readonly name: string }[]): string {
  return `Must be one of ${values.map(({ name }) => name).join(', ')}.`
}
