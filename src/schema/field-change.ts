import type { FieldChange as FieldChangeRow } from '../events/envelope.ts'
import { builder } from './builder.ts'

export const FieldChange = builder.objectRef<FieldChangeRow>('FieldChange').implement({
  description: 'A field that an event changed. `version` and `updatedAt` change with every event and are left out.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The field’s name in the entity’s state, for example `title`.' }),
    from: t.expose('from', {
      type: 'JSON',
      nullable: true,
      description: 'What it was before, as in the state; null also where there was nothing before.',
    }),
    to: t.expose('to', { type: 'JSON', nullable: true, description: 'What it is since, as in the state.' }),
  }),
})
