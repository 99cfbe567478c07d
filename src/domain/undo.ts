import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { TaskwireError } from './errors.ts'
import { idempotencyKey, knownId } from './input.ts'

/*
 * Taking back what an event did: the fields that it changed are what they were before it, as a new change, which names
 * the event. Refused where one of them has changed since: what came later is not to be lost.
 *
 *   it made something         that is removed, where nothing of it has changed since
 *   it changed something      the fields go back
 *   it removed something      that is made again, under its id and with its next version
 */

export const undoInput = z.object({ eventId: knownId, idempotencyKey })

/** What an event that is to be taken back did to its entity. */
export interface Deed<State> {
  readonly eventId: string
  /** When, in RFC 3339. */
  readonly at: string
  readonly state: State
  /** undefined: it made the entity. */
  readonly previousState: State | undefined
}

/** A change that takes back what an event did; its own event names that. */
export type Undoing<Change> = Change & { readonly undoes: string }

/** @param fields those in question, as the API calls them */
export function undoRefused(message: string, fields: readonly string[] = []): TaskwireError {
  return new TaskwireError('INVALID_TRANSITION', message, { fields })
}

/** Which of these fields the event changed: all of them where it made the entity. */
export function fieldsOf<State extends object, Field extends keyof State & string>(
  { state, previousState }: Deed<State>,
  fields: readonly Field[],
): Field[] {
  return previousState === undefined ? [...fields] : fields.filter((field) => !isSame(state, previousState, field))
}

/** Which of these fields are not as the event left them. */
export function changedSince<State extends object, Field extends keyof State & string>(
  current: State,
  { state }: Deed<State>,
  fields: readonly Field[],
): Field[] {
  return fields.filter((field) => !isSame(current, state, field))
}

/** @throws TaskwireError INVALID_TRANSITION where one of the fields is not as the event left it */
export function expectUnchanged<State extends object>(
  what: string,
  current: State,
  deed: Deed<State>,
  fields: readonly (keyof State & string)[],
): void {
  const changed = changedSince(current, deed, fields)
  if (changed.length > 0) throw undoRefused(`${what} has changed since: ${changed.join(', ')}.`, changed)
}

/** These fields as they were before the event. */
export function before<State extends object, Field extends keyof State & string>(
  { previousState, state }: Deed<State>,
  fields: readonly Field[],
): Pick<State, Field> {
  const values = fields.map((field) => [field, (previousState ?? state)[field]])
  // Each field with the value of its own.
  return Object.fromEntries(values) as Pick<State, Field>
}

/** Older events lack fields that came later, which is the same as having nothing there. */
function isSame<State extends object>(a: State, b: State, field: keyof State): boolean {
  return isDeepStrictEqual(a[field] ?? null, b[field] ?? null)
}
