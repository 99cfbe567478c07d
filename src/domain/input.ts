import { z } from 'zod'
import { badUserInput, type Issue } from './errors.ts'
import { isSettingsId } from './notification-settings.ts'

/*
 * The parts that inputs are checked with. The API has checked its own types before (an Int is an Int); here is what a
 * field may hold.
 */

/** Characters are Unicode code points: an emoji outside the basic plane counts once, as PostgreSQL counts. */
export function text(limits: { readonly min?: number; readonly max: number; readonly trim?: boolean }) {
  const { min = 0, max, trim = false } = limits
  const length = min === 0 ? `Must have at most ${max} characters.` : `Must have ${min} to ${max} characters.`
  return (trim ? z.string().trim() : z.string())
    .refine((value) => value.length >= min && !isLongerThan(value, max), length)
    .refine(isStorable, 'Must not contain a NUL character or half of a surrogate pair.')
}

function isLongerThan(value: string, max: number): boolean {
  if (value.length <= max) return false
  return value.length > 2 * max || Array.from(value).length > max
}

/** PostgreSQL stores neither NUL (no text holds it) nor a lone surrogate (UTF-8 has none). */
export function isStorable(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0')
}

/** An id that the client chooses: a UUID of any version (RFC 9562, section 4), in lower case from here on. */
export const chosenId = z
  .guid('Must be a UUID.')
  .toLowerCase()
  .refine((id) => !isSettingsId(id), 'Is of a form that is reserved.')

/** An id of something that may exist. What is no UUID names nothing, which is no fault of the input. */
export const knownId = z.string()

export const expectedVersion = z.int().min(1, 'Versions begin at 1.').nullish()

export const idempotencyKey = text({ min: 1, max: 255 }).nullish()

/** How many things one bulk mutation takes. */
export const MAX_BULK = 100

export function bulk<Item extends z.ZodType>(item: Item) {
  const message = `Must be 1 to ${MAX_BULK}.`
  return z.array(item).min(1, message).max(MAX_BULK, message)
}

const EARLIEST = new Date('0001-01-01T00:00:00.000Z')
const LATEST = new Date('9999-12-31T23:59:59.999Z')

/** An instant that RFC 3339 can write; a Date comes in, its text goes on. */
export const instant = z
  .date('Must be a date and time.')
  .refine((date) => date >= EARLIEST && date <= LATEST, 'Must lie in the years 1 to 9999.')
  .transform((date) => date.toISOString())

/** An input as the API types it: what may be absent may be null there, too. */
export type InputOf<Schema extends z.ZodType> = OrNull<z.input<Schema>>

type OrNull<Input> = {
  [Field in keyof Input]: undefined extends Input[Field] ? Input[Field] | null : Input[Field]
}

/** More are not told: a list of thousands of bad items must not be answered with as many messages. */
const MAX_ISSUES = 100

/**
 * The input as its schema makes it.
 *
 * @param rule what the fields must keep between them, whatever is wrong with each
 * @throws TaskwireError BAD_USER_INPUT with every issue, their paths beginning with `input`
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: InputOf<Schema>,
  rule: (input: InputOf<Schema>) => readonly Issue[] = () => [],
): z.output<Schema> {
  const issues = rule(input).map(({ path, message }) => ({ path: ['input', ...path], message }))
  const parsed = parsePart(schema, input, ['input'], issues)
  if (parsed === undefined) throw badUserInput(issues)
  return parsed
}

/**
 * A part of an input as its schema makes it. What is wrong with it is added in front of the `issues` that are known.
 *
 * @param path leads to the part
 * @returns undefined where there is any issue
 */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  part: InputOf<Schema>,
  path: Issue['path'],
  issues: Issue[],
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(part, { error: (issue) => (issue.input === null ? 'Must not be null.' : undefined) })
  const found = (parsed.error?.issues ?? []).map((issue) => ({
    path: [...path, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))],
    message: issue.message,
  }))
  issues.splice(0, issues.length, ...[...found, ...issues].slice(0, MAX_ISSUES))
  return parsed.success && issues.length === 0 ? parsed.data : undefined
}
