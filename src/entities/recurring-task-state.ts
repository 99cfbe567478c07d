import type { Selectable } from 'kysely'
import type { Progress, RecurringTask, RecurringTaskState } from '../domain/recurring-task-state.ts'
import { generatesAt } from '../domain/recurring-task-times.ts'
import type { TagRef } from '../domain/tag.ts'
import { inOrderOfName } from '../domain/task-tags.ts'
import { dateOf } from '../lib/instant.ts'
import type { Tables } from './tables.ts'

type FullRow = Selectable<Tables['recurring_tasks']>

/** The columns that tell of a series; the others say how far it has come, which is nobody else's business. */
export const RECURRING_TASK_COLUMNS = [
  'id',
  'user_id',
  'version',
  'title',
  'description',
  'priority',
  'reminder_lead_time',
  'rule',
  'starts_at',
  'timezone',
  'basis',
  'end_date',
  'active',
  'next_occurrence_at',
  'last_generated_at',
  'deleted_at',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof FullRow)[]

export type RecurringTaskRow = Pick<FullRow, (typeof RECURRING_TASK_COLUMNS)[number]>

/** A series as rules see it. `tags` are those of its tags that are not deleted, in any order. */
export function recurringTask(row: FullRow, tags: readonly TagRef[]): RecurringTask {
  const state = {
    id: row.id,
    version: row.version,
    title: row.title,
    description: row.description,
    priority: row.priority,
    tags: inOrderOfName(tags),
    reminderLeadTime: row.reminder_lead_time,
    rule: row.rule,
    startsAt: row.starts_at.toISOString(),
    timezone: row.timezone,
    basis: row.basis,
    endDate: row.end_date?.toISOString() ?? null,
    active: row.active,
    nextOccurrenceAt: row.next_occurrence_at?.toISOString() ?? null,
    lastGeneratedAt: row.last_generated_at?.toISOString() ?? null,
    countsFrom: row.counts_from.toISOString(),
    deletedAt: row.deleted_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
  return { state, progress: progressOf(row) }
}

function progressOf(row: FullRow): Progress {
  return {
    lastInstanceId: row.last_instance_id,
    lastOccurrenceAt: row.last_occurrence_at.toISOString(),
    countsFrom: row.counts_from.toISOString(),
    instancesMade: row.instances_made,
  }
}

/** What a series' row tells of it, or told, in this state. The tags are not in it. */
export function recurringTaskRow(state: RecurringTaskState, userId: string): RecurringTaskRow {
  return {
    id: state.id,
    user_id: userId,
    version: state.version,
    title: state.title,
    description: state.description,
    priority: state.priority,
    reminder_lead_time: state.reminderLeadTime,
    rule: state.rule,
    starts_at: new Date(state.startsAt),
    timezone: state.timezone,
    basis: state.basis,
    end_date: dateOf(state.endDate),
    active: state.active,
    next_occurrence_at: dateOf(state.nextOccurrenceAt),
    last_generated_at: dateOf(state.lastGeneratedAt),
    deleted_at: dateOf(state.deletedAt),
    created_at: new Date(state.createdAt),
    updated_at: new Date(state.updatedAt),
  }
}

/** The whole row. */
export function recurringTaskFullRow(series: RecurringTask, userId: string): FullRow {
  const { lastInstanceId, lastOccurrenceAt, countsFrom, instancesMade } = series.progress
  return {
    ...recurringTaskRow(series.state, userId),
    last_instance_id: lastInstanceId,
    last_occurrence_at: new Date(lastOccurrenceAt),
    counts_from: new Date(countsFrom),
    instances_made: instancesMade,
    generates_at: dateOf(generatesAt(series)),
  }
}
