import type { InferKyselyDB } from '@mikro-orm/postgresql'
import type { Kysely } from 'kysely'
import type { Database } from '../infra/database.ts'
import type { OpenTransaction, Snapshot } from '../infra/transaction.ts'
import { AuditEntryEntity } from './audit-entry.ts'
import { ClockEntity } from './clock.ts'
import { ConversationMessageEntity, ConversationSessionEntity } from './conversation.ts'
import { DeadLetterEntity } from './dead-letter.ts'
import { DeliveryCountEntity } from './delivery-count.ts'
import { DeliveryEntity } from './delivery.ts'
import { EntityIdEntity } from './entity-id.ts'
import { IdempotencyKeyEntity } from './idempotency-key.ts'
import { InboxEntity } from './inbox.ts'
import { NotificationEntity } from './notification.ts'
import { NotificationSettingsEntity } from './notification-settings.ts'
import { OutboxEntity, RelayEntity } from './outbox.ts'
import { ProcessEntity } from './process.ts'
import { RecurringTaskEntity, RecurringTaskTagEntity } from './recurring-task.ts'
import { ReminderEntity } from './reminder.ts'
import { TagEntity, TaskTagEntity } from './tag.ts'
import { TaskEntity } from './task.ts'
import { WebhookSecretEntity } from './webhook-secret.ts'

export const entities = [
  TaskEntity,
  TagEntity,
  TaskTagEntity,
  RecurringTaskEntity,
  RecurringTaskTagEntity,
  ReminderEntity,
  NotificationEntity,
  NotificationSettingsEntity,
  DeliveryEntity,
  DeliveryCountEntity,
  WebhookSecretEntity,
  ConversationSessionEntity,
  ConversationMessageEntity,
  EntityIdEntity,
  OutboxEntity,
  RelayEntity,
  AuditEntryEntity,
  InboxEntity,
  DeadLetterEntity,
  ProcessEntity,
  IdempotencyKeyEntity,
  ClockEntity,
] as const

/** The tables as Kysely sees them: plain rows with the columns' own names. */
export type Tables = InferKyselyDB<(typeof entities)[number]>
export type Db = Kysely<Tables>
export type Tx = OpenTransaction<Tables>
export type ReadTx = Snapshot<Tables>
export type TaskwireDatabase = Database<Tables>
