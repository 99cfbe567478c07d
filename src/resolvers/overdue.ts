import type { TaskRow } from '../entities/task-state.ts'
import type { Context } from './context.ts'

/** Whether a task is past its due date and not completed, by the same clock as the filter. */
export async function isOverdue({ reads }: Context, row: TaskRow): Promise<boolean> {
  if (row.due_date === null || row.status === 'COMPLETED') return false
  return row.due_date < (await reads.now())
}
