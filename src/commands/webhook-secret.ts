import { randomBytes } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { rotated, type WebhookSecrets } from '../domain/webhook-secret.ts'
import { ownedBy } from '../entities/scope.ts'
import type { Db } from '../entities/tables.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'

/** Of the 24 to 64 that Standard Webhooks asks for. */
const SECRET_BYTES = 32

/**
 * The secrets of users, made for those who have none: of several transactions that make one at once, one does.
 *
 * @returns by user
 */
export async function ensureWebhookSecrets(
  { db, now }: Pick<UnitOfWork, 'db' | 'now'>,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, WebhookSecrets>> {
  const found = await readWebhookSecrets(db, userIds)
  const without = [...new Set(userIds)].filter((userId) => !found.has(userId))
  if (without.length === 0) return found
  await db
    .insertInto('webhook_secrets')
    // In one order, so that transactions wait for one another and do not deadlock.
    .values(
      without.toSorted().map((userId) => ({ user_id: userId, secret: newSecret(), older: json([]), updated_at: now })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return new Map([...found, ...(await readWebhookSecrets(db, without))])
}

/** @returns by user; without those who have none */
export async function readWebhookSecrets(
  db: Db,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, WebhookSecrets>> {
  const rows = await db
    .selectFrom('webhook_secrets')
    .select(['user_id', 'secret', 'older'])
    .where(sql<boolean>`user_id = ANY(${userIds}::text[])`)
    .execute()
  return new Map(rows.map(({ user_id: userId, ...secrets }) => [userId, secrets]))
}

/**
 * Begins to sign with a new secret. It takes no key that would make its retry safe, and needs none: one rotation too many
 * does not end what signed before. Writes no event: an event would have nothing to tell but a secret.
 */
export const rotateWebhookSigningSecret: Command<object, object> = defineCommand(
  'rotateWebhookSigningSecret',
  (input: object) => input,
  async (unit) => {
    await ensureWebhookSecrets(unit, [unit.userId])
    const before = await unit.db
      .selectFrom('webhook_secrets')
      .select(['secret', 'older'])
      .where(ownedBy(unit.userId))
      .forUpdate()
      .executeTakeFirstOrThrow()
    const { secret, older } = rotated(before, newSecret(), unit.now)
    await unit.db
      .updateTable('webhook_secrets')
      .set({ secret, older: json(older), updated_at: unit.now })
      .where(ownedBy(unit.userId))
      .execute()
    return {}
  },
)

function json(older: WebhookSecrets['older']): RawBuilder<WebhookSecrets['older']> {
  return sql`${JSON.stringify(older)}::jsonb`
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}
