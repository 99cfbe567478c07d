export const STATUSES = ['PENDING', 'IN_PROGRESS', 'COMPLETED'] as const
export type TaskStatus = (typeof STATUSES)[number]
export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const
export type TaskPriority = (typeof PRIORITIES)[number]
