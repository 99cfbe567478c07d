import type { UpdateRecurringTaskInput } from '../commands/recurring-task.ts'
import type { Pattern, PatternInput } from '../domain/recurrence/pattern.ts'
import type { Basis, RuleInput } from '../domain/recurrence/rule.ts'
import type { Occurrence as OccurrenceRow } from '../domain/recurrence/series.ts'
import type { RecurrenceInput } from '../domain/recurrence-input.ts'
import { recurrencePreview } from '../resolvers/recurring-tasks.ts'
import { builder } from './builder.ts'

const RecurrenceFrequency = builder.enumType('RecurrenceFrequency', {
  description: 'What a repeat counts.',
  values: {
    DAILY: { description: 'Days.' },
    WEEKLY: { description: 'Weeks, from Monday.' },
    MONTHLY: { description: 'Months.' },
    YEARLY: { description: 'Years.' },
  } satisfies Record<Pattern['frequency'], { readonly description: string }>,
})

export const RecurrenceBasis = builder.enumType('RecurrenceBasis', {
  description: 'What makes the next instance of a series.',
  values: {
    SCHEDULE: {
      description:
        'Time: instances come at the rule’s own times, whether or not the one before is done. Each is made when the one ' +
        'before it comes due; of several that were missed meanwhile only the latest.',
    },
    COMPLETION: {
      description:
        'Completing an instance, or putting it into the trash, makes the next: the rule’s first time after that ' +
        'instance’s own.',
    },
    COMPLETION_DATE: {
      description: 'The same, with the rule counted from the day of completion: every 3 days after it was done.',
    },
  } satisfies Record<Basis, { readonly description: string }>,
})

export const RecurrencePattern = builder.objectRef<Pattern>('RecurrencePattern').implement({
  description: 'A repeat described by its parts.',
  fields: (t) => ({
    frequency: t.expose('frequency', { type: RecurrenceFrequency, description: 'What it counts.' }),
    interval: t.exposeInt('interval', { description: 'Every so many of them.' }),
    daysOfWeek: t.intList({
      nullable: true,
      description: 'On these days of the week; 0 is Monday, 6 is Sunday. null: the anchor’s.',
      resolve: ({ daysOfWeek }) => daysOfWeek,
    }),
    dayOfMonth: t.exposeInt('dayOfMonth', {
      nullable: true,
      description: 'On this day of the month, or its last one where it is shorter. null: the anchor’s.',
    }),
    monthOfYear: t.exposeInt('monthOfYear', {
      nullable: true,
      description: 'In this month, 1 to 12. null: the anchor’s.',
    }),
  }),
})

const RecurrencePatternInput = builder.inputRef<PatternInput>('RecurrencePatternInput').implement({
  description: 'A repeat described by its parts. What is left out is that of the anchor.',
  fields: (t) => ({
    frequency: t.field({ type: RecurrenceFrequency, required: true, description: 'What it counts.' }),
    interval: t.int({ description: 'Every so many of them, 1 to 1,000; default 1.' }),
    daysOfWeek: t.intList({ description: 'On these days; 0 is Monday, 6 is Sunday. WEEKLY only.' }),
    dayOfMonth: t.int({
      description: '1 to 31; a month that lacks the day uses its last one. MONTHLY and YEARLY only.',
    }),
    monthOfYear: t.int({ description: '1 to 12. YEARLY only.' }),
  }),
})

const RecurrenceRuleInput = builder.inputRef<RuleInput>('RecurrenceRuleInput').implement({
  description: 'Exactly one way to write the rule.',
  isOneOf: true,
  fields: (t) => ({
    pattern: t.field({ type: RecurrencePatternInput, description: 'By its parts.' }),
    rrule: t.string({
      description:
        'RFC 5545, for example FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=10. DAILY to YEARLY, at most one time an hour. Of UNTIL ' +
        'and endDate the earlier counts.',
    }),
    cron: t.string({ description: 'Five fields, for example 0 9 * * 1-5; at most one time an hour.' }),
  }),
})

export const Recurrence = builder.inputRef<RecurrenceInput>('RecurrenceInput').implement({
  description: 'How something repeats.',
  fields: (t) => ({
    rule: t.field({ type: RecurrenceRuleInput, required: true, description: 'When.' }),
    timezone: t.string({
      description: 'An IANA name; default UTC. Wall-clock times stay the same across daylight saving.',
    }),
    basis: t.field({ type: RecurrenceBasis, description: 'What makes the next instance; default COMPLETION.' }),
    endDate: t.field({ type: 'DateTime', description: 'No instance after this instant.' }),
  }),
})

export const UpdateRecurrence = builder
  .inputRef<NonNullable<UpdateRecurringTaskInput['recurrence']>>('UpdateRecurrenceInput')
  .implement({
    description: 'A change of how something repeats, which counts from now. What is absent stays as it is.',
    fields: (t) => ({
      rule: t.field({ type: RecurrenceRuleInput, description: 'Another rule; not null.' }),
      timezone: t.string({ description: 'Another IANA name; not null.' }),
      basis: t.field({ type: RecurrenceBasis, description: 'Another basis; not null.' }),
      endDate: t.field({ type: 'DateTime', description: 'Another end; null: none.' }),
      startsAt: t.field({ type: 'DateTime', description: 'Another anchor of the rule; not null.' }),
    }),
  })

export const Occurrence = builder.objectRef<OccurrenceRow>('Occurrence').implement({
  description: 'One of the times of a rule.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    instanceDate: t.expose('instanceDate', { type: 'Date', description: 'The day in the series’ time zone.' }),
    local: t.exposeString('local', {
      description:
        'The wall-clock time in the series’ time zone, for example 2027-03-28T09:00:00+02:00[Europe/Berlin].',
    }),
  }),
})

builder.queryField('recurrencePreview', (t) =>
  t.field({
    type: [Occurrence],
    nullable: true,
    description: 'The first times of a rule, before anything is saved.',
    args: {
      recurrence: t.arg({ type: Recurrence, required: true, description: 'The rule; its basis does not matter.' }),
      startsAt: t.arg({ type: 'DateTime', description: 'The rule’s anchor; default now.' }),
      first: t.arg.int({ description: 'So many at most, 1 to 100; default 10.' }),
    },
    resolve: (_, args, context) => recurrencePreview(context, args),
  }),
)
