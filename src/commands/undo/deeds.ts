import type { RecurringTaskState } from '../../domain/recurring-task-state.ts'
import type { TaskState } from '../../domain/task.ts'
import { inOrderOfName } from '../../domain/task-tags.ts'
import type { Deed } from '../../domain/undo.ts'
import type { UnitOfWork } from '../command.ts'
import { liveTags } from '../tag-rows.ts'
import type { PastEvent } from './past-events.ts'

/** What an event did to a task, whose row is locked: its tags are those that there still are, by the names of now. */
export function taskDeed(unit: UnitOfWork, event: PastEvent): Promise<Deed<TaskState>> {
  // Of a task: parsed as such.
  return withLiveTags(unit, event as Deed<unknown> as Deed<TaskState>)
}

/** The same of a series. */
export function recurringTaskDeed(unit: UnitOfWork, event: PastEvent): Promise<Deed<RecurringTaskState>> {
  // Of a series: parsed as such.
  return withLiveTags(unit, event as Deed<unknown> as Deed<RecurringTaskState>)
}

async function withLiveTags<State extends Pick<TaskState, 'tags'>>(
  unit: UnitOfWork,
  deed: Deed<State>,
): Promise<Deed<State>> {
  const { state, previousState } = deed
  const ids = [...state.tags, ...(previousState?.tags ?? [])].map(({ id }) => id)
  const live = await liveTags(unit, ids)
  const now = (of: State): State => ({ ...of, tags: inOrderOfName(of.tags.flatMap(({ id }) => live.get(id) ?? [])) })
  return { ...deed, state: now(state), previousState: previousState && now(previousState) }
}
