import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoFragmentCyclesRule,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
} from 'graphql'
import type { Config } from '../lib/config.ts'
import { literalDepth, tooComplex } from './limits.ts'
import { valuesOfCorrectType } from './literals.ts'
import { shapeOf } from './shape.ts'

/** Parses and validates documents, within limits. Errors carry their code. */
export interface Documents {
  /** @throws GraphQLError GRAPHQL_PARSE_FAILED, or OPERATION_TOO_COMPLEX where it has too many tokens */
  parse(source: string): DocumentNode
  validate(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[]
}

export interface DocumentOptions {
  readonly limits: Config['limits']
  /** Whether `__schema` and `__type` may be asked, and errors may suggest names. */
  readonly introspection: boolean
}

const MOST_ERRORS = 50
/** Comments are no tokens to graphql-js, which keeps them in memory all the same. */
const TOO_MANY_TOKENS = /contains more than \d+ (tokens|comments)/

export function createDocuments({ limits, introspection }: DocumentOptions): Documents {
  const rules: ValidationRule[] = specifiedRules.filter((rule) => rule !== ValuesOfCorrectTypeRule)
  rules.push(valuesOfCorrectType, literalDepth)
  if (!introspection) rules.push(NoSchemaIntrospectionCustomRule)

  const known = new ValidDocuments()
  const sources = new WeakMap<DocumentNode, string>()

  return {
    parse(source) {
      const before = known.get(source)
      if (before !== undefined) return before
      try {
        const document = parse(source, { maxLexicalTokens: limits.tokens, maxComments: limits.tokens })
        sources.set(document, source)
        return document
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error
        if (TOO_MANY_TOKENS.test(error.message)) throw tooComplex('tokens', undefined, limits.tokens)
        const { message, source: at, positions } = error
        throw new GraphQLError(message, { source: at, positions, extensions: { code: 'GRAPHQL_PARSE_FAILED' } })
      }
    },

    validate(schema, document) {
      const source = sources.get(document)
      if (source !== undefined && known.get(source) === document) return []
      const { cyclic, errors: excesses } = shapeOf(document, limits)
      if (excesses.length > 0) return excesses
      const checked = cyclic ? [NoFragmentCyclesRule] : rules
      const errors = validate(schema, document, checked, { maxErrors: MOST_ERRORS, hideSuggestions: !introspection })
      if (errors.length === 0 && source !== undefined) known.add(source, document)
      return errors.map(withCode)
    },
  }
}

/** What graphql-js says when it has compared half a million pairs of fields that might be merged. */
const GAVE_UP = 'Validation aborted.'

function withCode(error: GraphQLError): GraphQLError {
  if (error.extensions.code !== undefined) return error
  if (error.message === GAVE_UP) return tooComplex('fields of the same name', undefined, undefined)
  const { message, nodes, source, positions } = error
  return new GraphQLError(message, { nodes, source, positions, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })
}

/**
 * The valid documents that were asked last, by their text: clients send few different ones. Bounded by their length
 * together, since a parsed document takes some thirty times its text; what is not valid is not kept at all.
 */
class ValidDocuments {
  static readonly #MOST_CHARACTERS = 1_048_576
  static readonly #LONGEST = 32_768
  readonly #documents = new Map<string, DocumentNode>()
  #characters = 0

  get(source: string): DocumentNode | undefined {
    const document = this.#documents.get(source)
    if (document !== undefined) {
      // A map keeps the order of insertion: what was asked last goes to the end, what goes first is the oldest.
      this.#documents.delete(source)
      this.#documents.set(source, document)
    }
    return document
  }

  add(source: string, document: DocumentNode): void {
    if (source.length > ValidDocuments.#LONGEST || this.#documents.has(source)) return
    this.#documents.set(source, document)
    this.#characters += source.length
    for (const oldest of this.#documents.keys()) {
      if (this.#characters <= ValidDocuments.#MOST_CHARACTERS) break
      this.#documents.delete(oldest)
      this.#characters -= oldest.length
    }
  }
}
