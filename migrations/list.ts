import type { MigrationObject } from '@mikro-orm/core'
import { Tables } from './20261123-01-tables.ts'
import { RowSecurity } from './20261123-02-row-security.ts'
import { RebuildRequest } from './20261123-03-rebuild-request.ts'
import { RecurringTasks } from './20261123-04-recurring-tasks.ts'
import { Reminders } from './20261127-01-reminders.ts'
import { Notifications } from './20261127-02-notifications.ts'
import { WebhookSecrets } from './20261127-03-webhook-secrets.ts'
import { Deliveries } from './20261127-04-deliveries.ts'
import { Conversations } from './20261128-01-conversations.ts'
import { AdminReads } from './20261128-02-admin-reads.ts'
import { Undo } from './20261128-03-undo.ts'
import { TrashByAge } from './20261128-04-trash-by-age.ts'
import { WorkToDo } from './20261128-05-work-to-do.ts'
import { DeliveryCounts } from './20261128-06-delivery-counts.ts'
import { DueByIndex } from './20261128-07-due-by-index.ts'
import { FirstEpoch } from './20261128-08-first-epoch.ts'
import { Drift } from './20261128-09-drift.ts'

/** Every migration, in the order in which they run. */
export const migrations: readonly MigrationObject[] = [
  { name: '20261123-01-tables', class: Tables },
  { name: '20261123-02-row-security', class: RowSecurity },
  { name: '20261123-03-rebuild-request', class: RebuildRequest },
  { name: '20261123-04-recurring-tasks', class: RecurringTasks },
  { name: '20261127-01-reminders', class: Reminders },
  { name: '20261127-02-notifications', class: Notifications },
  { name: '20261127-03-webhook-secrets', class: WebhookSecrets },
  { name: '20261127-04-deliveries', class: Deliveries },
  { name: '20261128-01-conversations', class: Conversations },
  { name: '20261128-02-admin-reads', class: AdminReads },
  { name: '20261128-03-undo', class: Undo },
  { name: '20261128-04-trash-by-age', class: TrashByAge },
  { name: '20261128-05-work-to-do', class: WorkToDo },
  { name: '20261128-06-delivery-counts', class: DeliveryCounts },
  { name: '20261128-07-due-by-index', class: DueByIndex },
  { name: '20261128-08-first-epoch', class: FirstEpoch },
  { name: '20261128-09-drift', class: Drift },
]
