import { GraphQLError, valueFromASTUntyped } from 'graphql'
import type { Json } from '../domain/json.ts'
import { formatInstant, parseInstant } from '../lib/instant.ts'
import { builder } from './builder.ts'

builder.scalarType('DateTime', {
  description:
    'An instant in RFC 3339, for example 2027-03-28T09:00:00.000+02:00, of the years 0001 to 9999. An offset is ' +
    'required; digits beyond the millisecond are cut off. Output is UTC with milliseconds.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  coerceOutputValue: formatInstant,
  coerceInputValue: (value) => toInstant(value),
  coerceInputLiteral: (node) => toInstant(node.kind === 'StringValue' ? node.value : undefined),
})

function toInstant(value: unknown): Date {
  const instant = typeof value === 'string' ? parseInstant(value) : undefined
  if (instant === undefined)
    throw new GraphQLError('Must be an instant that exists, in RFC 3339, for example 2027-03-28T09:00:00Z.')
  return instant
}

builder.scalarType('Date', {
  description: 'A calendar day, for example 2027-03-28.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  coerceOutputValue: (value) => value,
  coerceInputValue: (value) => toDay(value),
  coerceInputLiteral: (node) => toDay(node.kind === 'StringValue' ? node.value : undefined),
})

function toDay(value: unknown): string {
  if (typeof value !== 'string' || parseInstant(`${value}T00:00:00Z`) === undefined)
    throw new GraphQLError('Must be a day that exists, for example 2027-03-28.')
  return value
}

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  coerceOutputValue: (value) => value,
  // GraphQL keeps null, for itself, from a scalar.
  coerceInputValue: (value) => value as Json,
  coerceInputLiteral: (node) => valueFromASTUntyped(node) as Json,
})
