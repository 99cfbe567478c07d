import { defineEntity, p } from '@mikro-orm/core'
import { hasUser, ownRowsOnly } from './row-security.ts'

/** A tag. `nameKey` is the name as it is compared: unique among a user's tags that are not deleted. */
export const TagEntity = defineEntity({
  name: 'Tag',
  tableName: 'tags',
  ...ownRowsOnly,
  checks: [hasUser('tags')],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    version: p.integer(),
    name: p.text(),
    nameKey: p.text(),
    color: p.text().nullable(),
    deletedAt: p.datetime().length(3).nullable(),
    createdAt: p.datetime().length(3),
    updatedAt: p.datetime().length(3),
  },
  uniques: [{ name: 'tags_one_a_name', properties: ['userId', 'nameKey'], where: 'deleted_at is null' }],
})

/** Which tags a task has. The links of a deleted tag stay, for an undo, and are shown nowhere. */
export const TaskTagEntity = defineEntity({
  name: 'TaskTag',
  tableName: 'task_tags',
  ...ownRowsOnly,
  checks: [hasUser('task_tags')],
  properties: {
    taskId: p.uuid().primary(),
    tagId: p.uuid().primary(),
    userId: p.text(),
  },
  indexes: [{ name: 'task_tags_by_tag', properties: ['tagId', 'taskId'] }],
})
