import type { DateTimeFilter as DateTimeFilterInput } from '../resolvers/date-time-filter.ts'
import { builder } from './builder.ts'

export const SortDirection = builder.enumType('SortDirection', {
  description: 'Which way a list is ordered. Nulls come last either way.',
  values: {
    ASC: { description: 'The least first; for instants the earliest.' },
    DESC: { description: 'The greatest first; for instants the latest.' },
  },
})

export const DateTimeFilter = builder.inputRef<DateTimeFilterInput>('DateTimeFilter').implement({
  description: 'A range of instants. All fields that are given must hold.',
  fields: (t) => ({
    gt: t.field({ type: 'DateTime', description: 'Later than this.' }),
    gte: t.field({ type: 'DateTime', description: 'At this instant or later.' }),
    lt: t.field({ type: 'DateTime', description: 'Earlier than this.' }),
    lte: t.field({ type: 'DateTime', description: 'At this instant or earlier.' }),
    isNull: t.boolean({ description: 'true: only where there is no instant; false: only where there is one.' }),
  }),
})
