import './audit-entry.ts'
import { builder } from './builder.ts'
import './node.ts'
import './recurrence.ts'
import './recurring-task.ts'
import './recurring-task-mutations.ts'
import './reminder.ts'
import './scalars.ts'
import './sync.ts'
import './tag.ts'
import './tag-mutations.ts'
import './task.ts'
import './task-mutations.ts'
import './task-stats.ts'
import './viewer.ts'

/** The whole API. A file that defines a type is imported here for what it adds to the builder. */
export const schema = builder.toSchema()
