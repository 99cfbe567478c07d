import { sql } from 'kysely'
import { badUserInput, type Issue } from '../domain/errors.ts'
import { parsePart } from '../domain/input.ts'
import { checkSeries, type Occurrence, occurrences } from '../domain/recurrence/series.ts'
import { canonical, type RecurrenceInput, recurrenceInput, ruleIssues } from '../domain/recurrence-input.ts'
import { comingTimes, seriesOf } from '../domain/recurring-task-times.ts'
import { RECURRING_TASK_COLUMNS, type RecurringTaskRow } from '../entities/recurring-task-state.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import { type Context, viewerOf } from './context.ts'
import { type Page, type PagingArgs, pageSize, readPage } from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import { instancesMade, recurringTaskById } from './recurring-task-loaders.ts'

const DEFAULT_TIMES = 10

const NEWEST_FIRST: readonly OrderKey[] = [
  { name: 'CREATED_AT', expression: sql`recurring_tasks.created_at`, kind: 'timestamptz', direction: 'DESC' },
  { name: 'ID', expression: sql`recurring_tasks.id`, kind: 'uuid', direction: 'DESC' },
]

/** The series with this id, also one that has ended; null where the user has none. */
export async function recurringTask(
  context: Context,
  { id }: { readonly id: string },
): Promise<RecurringTaskRow | null> {
  viewerOf(context)
  return isUuid(id) ? context.reads.loader(recurringTaskById).load(id.toLowerCase()) : null
}

/** The user's series that have not ended, newest first. */
export async function recurringTasks(
  { reads }: Context,
  args: PagingArgs & { readonly active?: boolean | null | undefined },
): Promise<Page<RecurringTaskRow>> {
  const { db } = await reads.open()
  const active = args.active ?? undefined
  const query = db
    .selectFrom('recurring_tasks')
    .select(RECURRING_TASK_COLUMNS)
    .where('deleted_at', 'is', null)
    .where(ownedBy(reads.userId))
    .$if(active !== undefined, (all) => all.where('active', '=', active === true))
  return readPage(reads, { binding: ['recurringTasks', active], query, keys: NEWEST_FIRST }, args)
}

/** The times of the instances to come, the first of them `next_occurrence_at`. */
export async function upcoming(
  { reads }: Context,
  row: RecurringTaskRow,
  args: { readonly first?: number | null | undefined },
): Promise<Occurrence[]> {
  const first = pageSize({ first: args.first ?? DEFAULT_TIMES })
  const series = {
    ...row,
    startsAt: row.starts_at.toISOString(),
    endDate: row.end_date?.toISOString() ?? null,
    nextOccurrenceAt: row.next_occurrence_at?.toISOString() ?? null,
  }
  // Only what is counted from completions goes by it.
  const made = row.basis === 'COMPLETION_DATE' ? await reads.loader(instancesMade).load(row.id) : 0
  return comingTimes(series, made, first)
}

/** The first times of a rule from `startsAt`, or from now. */
export async function recurrencePreview(
  { reads }: Context,
  args: {
    readonly recurrence: RecurrenceInput
    readonly startsAt?: Date | null | undefined
    readonly first?: number | null | undefined
  },
): Promise<Occurrence[]> {
  const now = await reads.now()
  const issues: Issue[] = ruleIssues(args.recurrence, ['recurrence'])
  const checked = parsePart(recurrenceInput, args.recurrence, ['recurrence'], issues)
  const first = pageSize({ first: args.first ?? DEFAULT_TIMES })
  if (checked === undefined) throw badUserInput(issues)
  const series = seriesOf({
    rule: canonical(checked.rule),
    timezone: checked.timezone ?? 'UTC',
    startsAt: (args.startsAt ?? now).toISOString(),
    endDate: checked.endDate ?? null,
  })
  checkSeries(series, ['recurrence'], issues)
  if (issues.length > 0) throw badUserInput(issues)
  return occurrences(series, series.startsAt, first)
}
