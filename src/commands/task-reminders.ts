import { concernsReminders, remindersAfter, type UndoneReminders } from '../domain/task-reminders.ts'
import type { TaskChange } from '../domain/task.ts'
import { newId } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'
import { loadPending, saveReminders } from './reminder-rows.ts'

/**
 * Keeps reminders in step with tasks that have changed, whose rows are locked and whose events are these: one statement
 * to look for those that there are, where the change may concern any, and one each to change and to make some.
 */
export async function followTasks(
  unit: UnitOfWork,
  changes: readonly TaskChange[],
  eventIds: readonly string[],
  undone?: UndoneReminders,
): Promise<void> {
  const concerned = changes.filter(concernsReminders)
  const titles = new Map(concerned.map(({ state, previousState }) => [state.id, (previousState ?? state).title]))
  const pending = titles.size === 0 ? new Map<string, never>() : await loadPending(unit, titles)
  const causedBy = changes.flatMap((change, index) =>
    remindersAfter(change, pending.get(change.state.id) ?? [], newId, unit.now, undone).map((reminder) => ({
      reminder,
      eventId: eventIds[index],
    })),
  )
  await saveReminders(
    unit,
    causedBy.map(({ reminder }) => reminder),
    causedBy.map(({ eventId }) => eventId),
  )
}
