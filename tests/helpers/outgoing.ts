import assert from 'node:assert/strict'
import { type Channel, DeliveryError, type OutgoingReminder } from '../../src/channels/channel.ts'

/** A reminder that goes out to this target. */
export function outgoing(target: string, overrides: Partial<OutgoingReminder> = {}): OutgoingReminder {
  return {
    id: '019ab3c4-0000-7000-8000-000000000001',
    target,
    triggeredAt: '2026-11-22T10:00:00.000Z',
    taskTitle: 'Buy milk',
    message: '“Buy milk” is due at 2026-11-22 11:00 UTC.',
    dueAt: '2026-11-22T11:00:00.000Z',
    data: { id: '019ab3c4-0000-7000-8000-000000000002', taskTitle: 'Buy milk', channel: 'WEBHOOK' },
    signingSecrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    ...overrides,
  }
}

/** Expects that a channel cannot send it, and answers with why. */
export async function failure(channel: Channel, reminder: OutgoingReminder): Promise<DeliveryError> {
  const error = await channel.send(reminder).then(
    () => assert.fail('it was sent, and was to fail'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof DeliveryError, String(error))
  assert.ok(error.message.length <= 500)
  return error
}
