import { defineEntity, p } from '@mikro-orm/core'
import { PRIORITIES } from '../domain/task.ts'
import { BASES } from '../domain/recurrence/rule.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * A series: the template of its instances and the rule for when they come. `lastInstanceId` and `lastOccurrenceAt` say
 * which instance was made last, and for which of the rule's times; no time up to `countsFrom` is made any more, which is
 * when the rule was last changed, or the series resumed. `generatesAt` is when the scheduler makes the next instance;
 * null where it does not.
 */
export const RecurringTaskEntity = defineEntity({
  name: 'RecurringTask',
  tableName: 'recurring_tasks',
  ...ownRowsOnly,
  checks: [
    hasUser('recurring_tasks'),
    { name: 'recurring_tasks_lead_time_ahead', expression: 'reminder_lead_time > 0' },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    version: p.integer(),
    title: p.text(),
    description: p.text().nullable(),
    priority: p.enum(PRIORITIES),
    reminderLeadTime: p.integer().nullable(),
    rule: p.text(),
    startsAt: p.datetime().length(3),
    timezone: p.text(),
    basis: p.enum(BASES),
    endDate: p.datetime().length(3).nullable(),
    active: p.boolean(),
    nextOccurrenceAt: p.datetime().length(3).nullable(),
    lastGeneratedAt: p.datetime().length(3).nullable(),
    lastInstanceId: p.uuid(),
    lastOccurrenceAt: p.datetime().length(3),
    countsFrom: p.datetime().length(3),
    instancesMade: p.integer(),
    generatesAt: p.datetime().length(3).nullable(),
    deletedAt: p.datetime().length(3).nullable(),
    createdAt: p.datetime().length(3),
    updatedAt: p.datetime().length(3),
  },
  indexes: [
    { name: 'recurring_tasks_by_creation', properties: ['userId', 'createdAt', 'id'] },
    { name: 'recurring_tasks_to_generate', properties: ['generatesAt'], where: 'generates_at is not null' },
  ],
})

/** Which tags the instances of a series get. The links of a deleted tag stay, and are shown nowhere. */
export const RecurringTaskTagEntity = defineEntity({
  name: 'RecurringTaskTag',
  tableName: 'recurring_task_tags',
  ...ownRowsOnly,
  checks: [hasUser('recurring_task_tags')],
  properties: {
    recurringTaskId: p.uuid().primary(),
    tagId: p.uuid().primary(),
    userId: p.text(),
  },
  indexes: [{ name: 'recurring_task_tags_by_tag', properties: ['tagId', 'recurringTaskId'] }],
})
