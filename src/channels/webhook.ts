import { Webhook } from 'standardwebhooks'
import type { Channel, OutgoingReminder } from './channel.ts'
import { expectSuccess, type OutgoingHttp } from './outgoing-http.ts'

/**
 * Programs of the user's, by Standard Webhooks (https://www.standardwebhooks.com, version 1.0.0): `webhook-id` stays the
 * same over all tries; while a rotated secret still holds, there are two signatures and a receiver takes either.
 *
 * @param http closed by whoever opened it
 */
export function createWebhookChannel(http: OutgoingHttp): Channel {
  return {
    async send(reminder) {
      const body = JSON.stringify({ type: 'reminder.triggered', timestamp: reminder.triggeredAt, data: reminder.data })
      const headers = { 'content-type': 'application/json', ...signatureHeaders(reminder, new Date(), body) }
      expectSuccess(await http.postToUser(reminder.target, { headers, body }), 'The receiver')
    },
  }
}

/** @param now by the wall clock, whatever tests set: receivers refuse a time that is five minutes off theirs */
function signatureHeaders({ id, signingSecrets }: OutgoingReminder, now: Date, body: string): Record<string, string> {
  if (signingSecrets.length === 0) throw new Error('A webhook needs a secret to be signed with.')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': signingSecrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  }
}
