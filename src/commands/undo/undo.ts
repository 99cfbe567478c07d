import type { EntityType } from '../../domain/entity.ts'
import { notFound } from '../../domain/errors.ts'
import { type InputOf, parseInput } from '../../domain/input.ts'
import { undoInput, undoRefused } from '../../domain/undo.ts'
import { auditOperation } from '../../events/operations.ts'
import { type Command, defineCommand, type UnitOfWork } from '../command.ts'
import { findEvent, type PastEvent } from './past-events.ts'
import { undoRecurringTaskEvent } from './recurring-task.ts'
import { undoReminderEvent } from './reminder.ts'
import { undoTagEvent } from './tag.ts'
import { undoTaskEvent } from './task.ts'

export type UndoInput = InputOf<typeof undoInput>

export interface UndoOutcome {
  readonly entityType: EntityType
  readonly entityId: string
  /** It is gone: what made it was undone. */
  readonly removed: boolean
  readonly eventId: string
}

/**
 * Takes back what one event of the user's own did, as a new event that names it.
 *
 * @throws TaskwireError NOT_FOUND; INVALID_TRANSITION for an event of another kind, and where what it changed has changed
 *   since: `extensions.fields` names what stands against it
 */
export const undo: Command<UndoInput, UndoOutcome> = defineCommand(
  'undo',
  (input: UndoInput) => parseInput(undoInput, input),
  async (unit, input) => {
    const event = await findEvent(unit, input.eventId)
    if (event === undefined) throw notFound('The event')
    if (event.actorId !== unit.userId) throw undoRefused('Only what you did yourself can be undone.')
    if (event.causationId !== undefined) throw undoRefused('It followed from another event: that one can be undone.')
    const eventId = await undoEvent(unit, event)
    const { entityType, entityId } = event
    return { entityType, entityId, removed: makes(event), eventId }
  },
)

function undoEvent(unit: UnitOfWork, event: PastEvent): Promise<string> {
  switch (event.entityType) {
    case 'TASK':
      return undoTaskEvent(unit, event)
    case 'TAG':
      return undoTagEvent(unit, event)
    case 'RECURRING_TASK':
      return undoRecurringTaskEvent(unit, event)
    case 'REMINDER':
      return undoReminderEvent(unit, event)
    default:
      throw undoRefused('Only what happened to a task, tag, series or reminder can be undone.')
  }
}

/** A reminder that is not wanted any more is cancelled, and still there. */
function makes({ type, entityType }: PastEvent): boolean {
  return auditOperation(type) === 'CREATE' && entityType !== 'REMINDER'
}
