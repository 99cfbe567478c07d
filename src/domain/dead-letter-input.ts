import { z } from 'zod'
import { bulk, knownId, text } from './input.ts'

export const MAX_DISCARD_REASON = 500

export const retryDeadLettersInput = z.object({ ids: bulk(knownId) })

export const discardDeadLettersInput = z.object({
  ids: bulk(knownId),
  reason: text({ min: 1, max: MAX_DISCARD_REASON, trim: true }),
})
