import { z } from 'zod'
import type { Issue } from './errors.ts'
import { bulk, type InputOf, idempotencyKey, instant, knownId } from './input.ts'

export const markNotificationsReadInput = z.object({
  ids: bulk(knownId).nullish(),
  upTo: instant.nullish(),
  idempotencyKey,
})

/** Which notifications are meant is said in one of two ways. */
export function markNotificationsReadRule({ ids, upTo }: InputOf<typeof markNotificationsReadInput>): Issue[] {
  if ((ids ?? null) === null && (upTo ?? null) === null) return [{ path: [], message: 'Needs ids or upTo.' }]
  if ((ids ?? null) !== null && (upTo ?? null) !== null) return [{ path: ['upTo'], message: 'Not together with ids.' }]
  return []
}

export const updateNotificationSettingsInput = z.object({
  reminder: z.boolean().optional(),
  completion: z.boolean().optional(),
  created: z.boolean().optional(),
  updated: z.boolean().optional(),
  idempotencyKey,
})
