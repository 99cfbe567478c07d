export const AUDIT_OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'COMPLETE'] as const
export type AuditOperation = (typeof AUDIT_OPERATIONS)[number]
export const SYNC_OPERATIONS = ['CREATE', 'UPDATE', 'DELETE'] as const
export type SyncOperation = (typeof SYNC_OPERATIONS)[number]

/** The verbs that are no plain UPDATE, by what the audit trail and the feed call them. */
const AUDIT: Readonly<Record<string, AuditOperation>> = {
  created: 'CREATE',
  scheduled: 'CREATE',
  started: 'CREATE',
  added: 'CREATE',
  deleted: 'DELETE',
  purged: 'DELETE',
  completed: 'COMPLETE',
}

const verbOf = (type: string) => type.slice(type.lastIndexOf('.') + 1)

/** @param type an event type such as `task.completed` */
export function auditOperation(type: string): AuditOperation {
  return AUDIT[verbOf(type)] ?? 'UPDATE'
}

/** A completion is an update to a client's cache, and what was restored comes back as if it were new. */
export function syncOperation(type: string): SyncOperation {
  if (verbOf(type) === 'restored') return 'CREATE'
  const operation = auditOperation(type)
  return operation === 'COMPLETE' ? 'UPDATE' : operation
}
