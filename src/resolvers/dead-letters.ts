import { type RawBuilder, sql } from 'kysely'
import { type DeadLetterRow, discardLetters, retryLetters, selectDeadLetters } from '../commands/dead-letters.ts'
import { discardDeadLettersInput, retryDeadLettersInput } from '../domain/dead-letter-input.ts'
import { badUserInput, type Issue } from '../domain/errors.ts'
import { type InputOf, parsePart } from '../domain/input.ts'
import { userOfSubject } from '../events/subjects.ts'
import { adminOf } from './admin.ts'
import type { Context } from './context.ts'
import { type DateTimeFilter, dateTimeConditions } from './date-time-filter.ts'
import { type Page, type PagingArgs, readPage } from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import { isOneOf } from './text-filter.ts'

export const DEAD_LETTER_STATES = ['OPEN', 'RETRYING', 'DISCARDED'] as const
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number]

type Maybe<T> = T | null | undefined

/** What a letter must fulfil. null and absent do not restrict; an empty list matches nothing. */
export interface DeadLetterFilter {
  readonly consumer?: Maybe<readonly string[]>
  readonly eventType?: Maybe<readonly string[]>
  readonly state?: Maybe<readonly DeadLetterState[]>
  readonly firstFailedAt?: Maybe<DateTimeFilter>
  readonly lastFailedAt?: Maybe<DateTimeFilter>
}

/** By when they were given up, which a retry leaves as it is: no letter moves to another page. */
const NEWEST_FIRST: readonly OrderKey[] = [
  { name: 'DEAD_AT', expression: sql`dead_letters.dead_at`, kind: 'timestamptz', direction: 'DESC' },
  { name: 'ID', expression: sql`dead_letters.id`, kind: 'uuid', direction: 'DESC' },
]

/** The dead letters of all consumers, those that were given up last first. @throws TaskwireError FORBIDDEN */
export async function deadLetters(
  context: Context,
  args: PagingArgs & { readonly filter?: Maybe<DeadLetterFilter> },
): Promise<Page<DeadLetterRow>> {
  adminOf(context)
  const reads = context.reads.admin
  const { db } = await reads.open()
  let query = selectDeadLetters(db)
  for (const condition of conditionsOf(args.filter ?? {})) query = query.where(condition)
  return readPage(reads, { binding: ['deadLetters', args.filter], query, keys: NEWEST_FIRST }, args)
}

export interface DeadLettersOutcome {
  readonly letters: readonly DeadLetterRow[]
  readonly correlationId: string
}

/** @throws TaskwireError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION */
export async function retryDeadLetters(
  context: Context,
  args: InputOf<typeof retryDeadLettersInput>,
): Promise<DeadLettersOutcome> {
  const { userId } = adminOf(context)
  const issues: Issue[] = []
  const checked = parsePart(retryDeadLettersInput, args, [], issues)
  if (checked === undefined) throw badUserInput(issues)
  return change(context, 'an admin has dead letters tried once more', (database) =>
    retryLetters(database, userId, checked.ids),
  )
}

/** @throws TaskwireError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
export async function discardDeadLetters(
  context: Context,
  args: InputOf<typeof discardDeadLettersInput>,
): Promise<DeadLettersOutcome> {
  const { userId } = adminOf(context)
  const issues: Issue[] = []
  const checked = parsePart(discardDeadLettersInput, args, [], issues)
  if (checked === undefined) throw badUserInput(issues)
  return change(context, 'an admin discarded dead letters', (database) =>
    discardLetters(database, userId, checked.ids, checked.reason),
  )
}

/** As for any mutation, what the operation read before is put away first. */
async function change(
  context: Context,
  what: string,
  work: (database: Context['services']['database']) => Promise<DeadLetterRow[]>,
): Promise<DeadLettersOutcome> {
  const { reads, services, correlationId } = context
  await reads.renew()
  const letters = await work(services.database)
  services.log.info({ correlationId, adminId: reads.userId, letters: letters.map(({ id }) => id) }, what)
  return { letters, correlationId }
}

export function stateOf({ discarded_at, retry_at }: DeadLetterRow): DeadLetterState {
  return discarded_at !== null ? 'DISCARDED' : retry_at !== null ? 'RETRYING' : 'OPEN'
}

/** The event that the message holds, as it is; null for what is no JSON. */
export function eventOf({ body }: DeadLetterRow): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return null
  }
}

/** Whose event it is, as its subject says; null where that says nothing. */
export const userOf = ({ subject }: DeadLetterRow) => userOfSubject(subject) ?? null

const STATES: Readonly<Record<DeadLetterState, RawBuilder<boolean>>> = {
  OPEN: sql`(discarded_at IS NULL AND retry_at IS NULL)`,
  RETRYING: sql`(discarded_at IS NULL AND retry_at IS NOT NULL)`,
  DISCARDED: sql`discarded_at IS NOT NULL`,
}

function conditionsOf(filter: DeadLetterFilter): RawBuilder<boolean>[] {
  const conditions: RawBuilder<boolean>[] = []
  const { consumer, eventType, state, firstFailedAt, lastFailedAt } = filter
  if (consumer) conditions.push(isOneOf('consumer', consumer))
  if (eventType) conditions.push(isOneOf('event_type', eventType))
  if (state) conditions.push(sql`(${sql.join([sql`false`, ...state.map((name) => STATES[name])], sql` OR `)})`)
  return [
    ...conditions,
    ...dateTimeConditions(sql`dead_letters.first_failed_at`, firstFailedAt ?? {}),
    ...dateTimeConditions(sql`dead_letters.last_failed_at`, lastFailedAt ?? {}),
  ]
}
