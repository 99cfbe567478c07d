import type { Issue } from '../errors.ts'
import { formatCron, parseCron } from './cron.ts'
import type { RuleParts } from './parts.ts'
import { type PatternInput, patternRule } from './pattern.ts'
import { formatRrule, parseRrule, RuleError } from './rrule.ts'

/** What decides when the next instance of a series comes. */
export const BASES = ['SCHEDULE', 'COMPLETION', 'COMPLETION_DATE'] as const
export type Basis = (typeof BASES)[number]

/** A rule as it is given, in exactly one of three ways. */
export interface RuleInput {
  readonly pattern?: PatternInput | null | undefined
  readonly rrule?: string | null | undefined
  readonly cron?: string | null | undefined
}

/**
 * The form that is stored: an RRULE that begins with `FREQ=` (RFC 5545, without DTSTART), or the cron expression.
 * Whether it ever comes depends on its anchor: checkSeries tells.
 *
 * @param path where the rule stands in the input; what is wrong is added to `issues` with paths below it
 * @returns undefined where something is wrong
 */
export function canonicalRule(
  input: RuleInput,
  path: readonly (string | number)[],
  issues: Issue[],
): string | undefined {
  const { pattern, rrule, cron } = input
  if (pattern != null) return patternRule(pattern, [...path, 'pattern'], issues)
  const [field, read] =
    rrule != null
      ? ['rrule', () => formatRrule(parseRrule(rrule))]
      : ['cron', () => (parseCron(cron ?? ''), formatCron(cron ?? ''))]
  try {
    return read()
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    issues.push({ path: [...path, field], message: error.message })
    return undefined
  }
}

/** The parts of a stored rule. */
export function parseStored(rule: string): RuleParts {
  return rule.startsWith('FREQ=') ? parseRrule(rule) : parseCron(rule)
}

/** A stored rule without its COUNT, and that. */
export function withoutCount(rule: string): { readonly rule: string; readonly count: number | null } {
  const parts = parseStored(rule)
  return parts.count === null
    ? { rule, count: null }
    : { rule: formatRrule({ ...parts, count: null }), count: parts.count }
}
