import { z } from 'zod'
import { isStorable } from './input.ts'

/** A JSON value that is not null. */
export type Json = string | number | boolean | object

export interface JsonLimits {
  /** Of its text as PostgreSQL writes it, in UTF-8. */
  readonly maxBytes: number
  /** How many arrays and objects may lie within one another. */
  readonly maxDepth: number
}

/** Any JSON value that `jsonb` can hold, and not more of it than that; null is left to whoever asks. */
export function json({ maxBytes, maxDepth }: JsonLimits) {
  return z
    .custom<Json>((value) => value !== null && value !== undefined)
    .superRefine((value, context) => {
      const measured = measure(value, maxDepth)
      if (typeof measured === 'string') context.addIssue(measured)
      else if (measured > maxBytes) context.addIssue(`Must not be longer than ${maxBytes} bytes of JSON.`)
    })
}

/** The length of a value's text, or what is wrong with it. Goes no deeper than it may. */
function measure(value: unknown, depthLeft: number): number | string {
  switch (typeof value) {
    case 'boolean':
      return value ? 4 : 5
    case 'number':
      return Number.isFinite(value) ? lengthOfNumber(value) : 'Must hold finite numbers only.'
    case 'string':
      return isStorable(value) ? lengthOfText(value) : 'Must not contain a NUL character or half of a surrogate pair.'
    case 'object':
      if (value === null) return 4
      if (depthLeft === 0) return 'Is nested too deeply.'
      return Array.isArray(value)
        ? sum(value.map((item: unknown) => measure(item, depthLeft - 1)))
        : sum(Object.entries(value).flatMap(([key, item]) => [measure(key, 0), measure(item, depthLeft - 1)]))
    default:
      return 'Must be JSON.'
  }
}

/** Each part, and the two characters that stand between it and the next, or around them all. */
function sum(parts: readonly (number | string)[]): number | string {
  let total = 2
  for (const part of parts) {
    if (typeof part === 'string') return part
    total += part + 2
  }
  return total
}

/** `jsonb` writes digits only: 1e300, five characters, comes out as 301. */
function lengthOfNumber(value: number): number {
  const [digits = '', exponent] = String(value).split('e')
  return digits.length + (exponent === undefined ? 0 : Math.abs(Number(exponent)) + 2)
}

function lengthOfText(text: string): number {
  return Buffer.byteLength(JSON.stringify(text))
}
