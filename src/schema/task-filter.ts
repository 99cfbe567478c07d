import type { TagMatch as TagMatchInput, TaskFilter as TaskFilterInput } from '../resolvers/task-filter.ts'
import type { TaskOrder as TaskOrderInput } from '../resolvers/task-order.ts'
import { builder } from './builder.ts'
import { DateTimeFilter, SortDirection } from './filters.ts'
import { TaskOrderField, TaskPriority, TaskStatus } from './task-enums.ts'

const TagMatch = builder.inputRef<TagMatchInput>('TagMatch').implement({
  description:
    'Which tags a task must have, by name, in whatever case. All fields that are given must hold; an empty list ' +
    'matches nothing.',
  fields: (t) => ({
    any: t.stringList({ description: 'Has at least one of these tags.' }),
    all: t.stringList({ description: 'Has all of these tags.' }),
    none: t.stringList({ description: 'Has none of these tags.' }),
  }),
})

export const TaskFilter = builder.inputRef<TaskFilterInput>('TaskFilter').implement({
  description:
    'Which tasks to have. All fields that are given must hold; null is the same as absent, and an empty list matches ' +
    'nothing. At most 10 levels and 200 parts.',
  fields: (t) => ({
    and: t.field({ type: [TaskFilter], description: 'All of these must hold.' }),
    or: t.field({ type: [TaskFilter], description: 'At least one of these must hold.' }),
    not: t.field({
      type: TaskFilter,
      description: 'This must not hold: the exact complement, tasks without a value included.',
    }),
    ids: t.idList({ description: 'Is one of these tasks.' }),
    status: t.field({ type: [TaskStatus], description: 'Has one of these statuses.' }),
    completed: t.boolean({ description: 'Is, or is not, COMPLETED.' }),
    priority: t.field({ type: [TaskPriority], description: 'Has one of these priorities.' }),
    tags: t.field({ type: TagMatch, description: 'Has these tags.' }),
    dueDate: t.field({ type: DateTimeFilter, description: 'Is due then.' }),
    completedAt: t.field({ type: DateTimeFilter, description: 'Was completed then.' }),
    createdAt: t.field({ type: DateTimeFilter, description: 'Was made then.' }),
    updatedAt: t.field({ type: DateTimeFilter, description: 'Last changed then.' }),
    overdue: t.boolean({ description: 'Is, or is not, past its due date and not completed; as of now.' }),
    recurringTaskId: t.id({ description: 'Is an instance of this series.' }),
    search: t.string({
      description:
        'Full text over title and description: words, "exact phrases", -excluded, the last word also as the beginning ' +
        'of one. All must hold. Blank is the same as absent; at most 1,000 characters.',
    }),
  }),
})

export const TaskOrder = builder.inputRef<TaskOrderInput>('TaskOrder').implement({
  description: 'One thing to order tasks by.',
  fields: (t) => ({
    field: t.field({ type: TaskOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({
      type: SortDirection,
      required: true,
      defaultValue: 'ASC',
      description: 'Which way; tasks without a value come last either way.',
    }),
  }),
})
