import { TaskwireError } from '../../domain/errors.ts'
import { MAX_PENDING_A_TASK } from '../../domain/reminder-input.ts'
import type { ReminderState } from '../../domain/reminder-state.ts'
import { refuseUnavailable } from '../../domain/reminder-target.ts'
import { reminderUndone } from '../../domain/reminder-undo.ts'
import { type Deed, undoRefused } from '../../domain/undo.ts'
import type { UnitOfWork } from '../command.ts'
import { countPending } from '../reminded-task.ts'
import { loadReminder, saveReminders } from '../reminder-rows.ts'
import { loadTasks } from '../task-rows.ts'
import type { PastEvent } from './past-events.ts'

/** @returns the event's id @throws TaskwireError INVALID_TRANSITION, CHANNEL_UNAVAILABLE, LIMIT_EXCEEDED */
export async function undoReminderEvent(unit: UnitOfWork, event: PastEvent): Promise<string> {
  if (event.type === 'reminder.retried') throw undoRefused('What has gone out cannot be taken back.', ['state'])
  // Of a reminder: parsed as such.
  const deed = event as Deed<unknown> as Deed<ReminderState>
  const taskId = deed.state.task ?? ''
  const task = (await loadTasks(unit, [taskId])).get(taskId)
  const reminder = await loadReminder(unit, event.entityId)
  if (reminder === undefined) throw new Error('A reminder is not there any more.')
  const undone = reminderUndone(reminder, deed, task, unit.now)
  if (undone.state.state === 'PENDING' && task !== undefined) {
    refuseUnavailable(undone.state.channel, unit.available)
    const pending = await countPending(unit, task.id)
    const becomes = (isSo: boolean, wasSo: boolean) => isSo && !wasSo
    if (
      becomes(undone.state.automatic, reminder.state.automatic && reminder.state.state === 'PENDING') &&
      pending.automatic > 0
    )
      throw undoRefused('Another automatic reminder of the task is PENDING.', ['automatic'])
    if (reminder.state.state !== 'PENDING' && pending.all >= MAX_PENDING_A_TASK)
      throw new TaskwireError('LIMIT_EXCEEDED', `A task has at most ${MAX_PENDING_A_TASK} reminders that are PENDING.`)
  }
  const [eventId = ''] = await saveReminders(unit, [undone])
  return eventId
}
