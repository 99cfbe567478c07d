import {
  nextAfterCompletion,
  nextOccurrence,
  type Occurrence,
  occurrenceAt,
  occurrences,
  type Series,
} from './recurrence/series.ts'
import type { Progress, RecurringTask, RecurringTaskState } from './recurring-task-state.ts'

/*
 * When the instances of a series come, by its basis and by how far it has come. Times only go forward.
 */

/** The rule of a series, and within what it counts. */
export function seriesOf(state: Pick<RecurringTaskState, 'rule' | 'timezone' | 'startsAt' | 'endDate'>): Series {
  return {
    rule: state.rule,
    timezone: state.timezone,
    startsAt: new Date(state.startsAt),
    endDate: state.endDate === null ? null : new Date(state.endDate),
  }
}

/** From when on the times of the rule are still to be made; that instant itself is not. */
export function madeUpTo({ lastOccurrenceAt, countsFrom }: Progress): Date {
  return new Date(lastOccurrenceAt > countsFrom ? lastOccurrenceAt : countsFrom)
}

/**
 * The time that follows once the last instance is done.
 *
 * @param doneAt when it was completed or put into the trash; only COMPLETION_DATE counts from it
 */
export function occurrenceAfterDone({ state, progress }: RecurringTask, doneAt: Date): Occurrence | undefined {
  if (state.basis !== 'COMPLETION_DATE') return nextOccurrence(seriesOf(state), madeUpTo(progress))
  const countsFrom = new Date(progress.countsFrom)
  const last = { at: new Date(progress.lastOccurrenceAt), number: progress.instancesMade }
  return nextAfterCompletion(seriesOf(state), doneAt > countsFrom ? doneAt : countsFrom, last)
}

/**
 * The times of the instances to come, in order, from the next one on; each completed when it is due.
 *
 * @param instancesMade how many there are already
 */
export function comingTimes(
  series: Pick<RecurringTaskState, 'rule' | 'timezone' | 'startsAt' | 'endDate' | 'basis' | 'nextOccurrenceAt'>,
  instancesMade: number,
  limit: number,
): Occurrence[] {
  if (series.nextOccurrenceAt === null) return []
  const next = new Date(series.nextOccurrenceAt)
  if (series.basis !== 'COMPLETION_DATE') return occurrences(seriesOf(series), next, limit)
  const times: Occurrence[] = []
  let time: Occurrence | undefined = occurrenceAt(next, series.timezone)
  while (time !== undefined && times.length < limit) {
    times.push(time)
    time = nextAfterCompletion(seriesOf(series), time.at, { at: time.at, number: instancesMade + times.length })
  }
  return times
}

/** When the scheduler makes the next instance: when the one before it comes due. null where it is not for it to make. */
export function generatesAt({ state, progress }: RecurringTask): string | null {
  return state.basis === 'SCHEDULE' && state.nextOccurrenceAt !== null ? progress.lastOccurrenceAt : null
}
