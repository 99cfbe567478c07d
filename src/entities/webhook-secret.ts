import { defineEntity, p } from '@mikro-orm/core'
import type { OlderSecret } from '../domain/webhook-secret.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/** What a user's webhooks are signed with: made when it is first asked for, or first needed. */
export const WebhookSecretEntity = defineEntity({
  name: 'WebhookSecret',
  tableName: 'webhook_secrets',
  ...ownRowsOnly,
  checks: [hasUser('webhook_secrets')],
  properties: {
    userId: p.text().primary(),
    secret: p.text(),
    older: p.json<readonly OlderSecret[]>(),
    updatedAt: p.datetime().length(3),
  },
})
