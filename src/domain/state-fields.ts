import { z } from 'zod'

/*
 * Fields that the states of all entities have, as their events tell them. What a field says of itself stands in the
 * published schemas of the events.
 */

/** RFC 3339 in UTC with milliseconds, so that instants sort as text. */
export const instant = z.iso.datetime({ precision: 3 })
export const entityId = z.guid().describe('The entity’s id.')
export const entityVersion = z.int().min(1).describe('Which version of the entity this is: one more with each event.')
export const madeAt = instant.describe('When it was made.')
export const changedAt = instant.describe('When it was last changed.')

/** Of a task, or of the tasks of a series. */
export const tags = z
  .array(
    z.looseObject({
      id: z.guid().describe('The tag’s id.'),
      name: z.string().describe('What the tag was called at that time.'),
    }),
  )
  .describe('Its tags, in the order of their names.')
