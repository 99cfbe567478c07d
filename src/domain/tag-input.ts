import { z } from 'zod'
import { chosenId, expectedVersion, idempotencyKey, knownId, text } from './input.ts'

export const MAX_TAG_NAME = 50

export const tagName = text({ min: 1, max: MAX_TAG_NAME, trim: true })

const color = z.string().regex(/^#[0-9a-f]{6}$/i, 'Must be #RRGGBB.')

export const createTagInput = z.object({
  id: chosenId.nullish(),
  name: tagName,
  color: color.nullish(),
  idempotencyKey,
})

export const updateTagInput = z.object({
  id: knownId,
  expectedVersion,
  name: tagName.optional(),
  color: color.nullish(),
  idempotencyKey,
})

export const deleteTagInput = z.object({ id: knownId, expectedVersion, idempotencyKey })
