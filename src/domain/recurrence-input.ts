import { z } from 'zod'
import { isTimezone } from './day.ts'
import type { Issue } from './errors.ts'
import { type InputOf, instant } from './input.ts'
import { BASES, canonicalRule, type RuleInput } from './recurrence/rule.ts'

const timezone = z.string().refine(isTimezone, 'Must be the name of an IANA time zone, such as Europe/Berlin.')
const basis = z.enum(BASES)

/** What a rule may be is said by `canonicalRule`, with the path of each problem. */
const rule = z.custom<RuleInput>((value) => value !== null, 'Must not be null.')

export const recurrenceInput = z.object({
  rule,
  timezone: timezone.nullish(),
  basis: basis.nullish(),
  endDate: instant.nullish(),
})

export const recurrenceUpdateInput = z.object({
  rule: rule.optional(),
  timezone: timezone.optional(),
  basis: basis.optional(),
  endDate: instant.nullish(),
  startsAt: instant.optional(),
})

/** As it is once it was checked; the rule is not canonical yet. */
export type CheckedRecurrence = z.output<typeof recurrenceInput>
export type RecurrenceInput = InputOf<typeof recurrenceInput>

/** What is wrong with a rule, where there is one. */
export function ruleIssues(
  recurrence: { readonly rule?: RuleInput | null | undefined } | null | undefined,
  path: readonly (string | number)[],
): Issue[] {
  const issues: Issue[] = []
  const given = recurrence?.rule ?? undefined
  if (given !== undefined) canonicalRule(given, [...path, 'rule'], issues)
  return issues
}

/** The canonical form of a rule that was checked. */
export function canonical(given: RuleInput): string {
  const found = canonicalRule(given, [], [])
  if (found === undefined) throw new Error('A rule was not checked.')
  return found
}
