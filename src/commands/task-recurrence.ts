import { badUserInput, type Issue } from '../domain/errors.ts'
import { canonical, type CheckedRecurrence } from '../domain/recurrence-input.ts'
import { checkSeries, occurrenceAt } from '../domain/recurrence/series.ts'
import { recurringTaskCreated, recurringTaskDeleted } from '../domain/recurring-task.ts'
import { seriesOf } from '../domain/recurring-task-times.ts'
import type { InstanceOf, TaskState } from '../domain/task.ts'
import { RECURRENCE_NEEDS_DUE_DATE } from '../domain/task-input.ts'
import { newId } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'
import { insertRecurringTask, loadRecurringTask, saveRecurringTask } from './recurring-task-rows.ts'

/**
 * Begins a series with a task as its first instance: template and anchor are the task's, whether or not the rule has the
 * task's due date among its times.
 *
 * @param task as it is to be
 * @param path leads to the recurrence in the input
 * @returns what makes the task the instance, still to be written
 * @throws TaskwireError BAD_USER_INPUT
 */
export async function beginSeries(
  unit: UnitOfWork,
  { id, dueDate, title, description, priority, reminderLeadTime, tags }: TaskState,
  recurrence: CheckedRecurrence,
  path: Issue['path'],
): Promise<InstanceOf> {
  if (dueDate === null) throw badUserInput([{ path, message: RECURRENCE_NEEDS_DUE_DATE }])
  const template = { title, description, priority, reminderLeadTime, tags }
  const rule = canonical(recurrence.rule)
  const series = recurringTaskCreated(
    { ...recurrence, ...template, id: newId(), rule, startsAt: dueDate },
    { id, occurrenceAt: dueDate },
    unit.now,
  )
  const issues: Issue[] = []
  checkSeries(seriesOf(series.state), path, issues)
  if (issues.length > 0) throw badUserInput(issues)
  await insertRecurringTask(unit, series)
  return {
    recurringTask: series.state.id,
    occurrenceAt: dueDate,
    instanceDate: occurrenceAt(new Date(dueDate), series.state.timezone).instanceDate,
    recurrenceParent: null,
  }
}

/**
 * Ends the series of a task.
 *
 * @param task as it was
 * @param causationId what has happened to the task with that, if anything
 * @returns the event's id; null where there is none that goes on
 */
export async function endSeries(
  unit: UnitOfWork,
  { recurringTask: id }: TaskState,
  causationId: string | null,
): Promise<string | null> {
  const series = id == null ? undefined : await loadRecurringTask(unit, id)
  const ended = series && recurringTaskDeleted(series, unit.now)
  return ended === undefined ? null : saveRecurringTask(unit, ended, causationId ?? undefined)
}
