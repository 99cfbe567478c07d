import type { TaskPriority as Priority, TaskStatus as Status } from '../domain/task.ts'
import type { TaskOrderField as OrderField } from '../resolvers/task-order.ts'
import type { TrashMode as Mode } from '../resolvers/tasks.ts'
import { builder } from './builder.ts'

type Described<Name extends string> = Readonly<Record<Name, { readonly description: string }>>

export const TaskStatus = builder.enumType('TaskStatus', {
  description: 'How far a task is. Any status may follow any other.',
  values: {
    PENDING: { description: 'Not begun.' },
    IN_PROGRESS: { description: 'Begun.' },
    COMPLETED: { description: 'Done: the task has a completedAt.' },
  } satisfies Described<Status>,
})

export const TaskPriority = builder.enumType('TaskPriority', {
  description: 'How much a task matters, the least first.',
  values: {
    LOW: { description: 'Can wait.' },
    MEDIUM: { description: 'What a task has unless it is given another.' },
    HIGH: { description: 'Matters more than most.' },
    URGENT: { description: 'Before everything else.' },
  } satisfies Described<Priority>,
})

export const TrashMode = builder.enumType('TrashMode', {
  description: 'What becomes of tasks in the trash.',
  values: {
    EXCLUDE: { description: 'Only tasks that are not in the trash.' },
    ONLY: { description: 'Only tasks that are in the trash.' },
    INCLUDE: { description: 'Tasks whether or not they are in the trash.' },
  } satisfies Described<Mode>,
})

export const TaskOrderField = builder.enumType('TaskOrderField', {
  description: 'What tasks can be ordered by.',
  values: {
    CREATED_AT: { description: 'When the task was made.' },
    UPDATED_AT: { description: 'When the task last changed.' },
    DUE_DATE: { description: 'When the task is due; tasks without a due date last.' },
    COMPLETED_AT: { description: 'When the task was completed; open tasks last.' },
    PRIORITY: { description: 'How much the task matters: LOW, MEDIUM, HIGH, URGENT.' },
    TITLE: { description: 'The title as people sort: case and accents decide only between equals.' },
    STATUS: { description: 'How far the task is: PENDING, IN_PROGRESS, COMPLETED.' },
    RELEVANCE: { description: 'How well the task fits filter.search, which it needs: ASC is the best match first.' },
  } satisfies Described<OrderField>,
})
