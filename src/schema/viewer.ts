import { viewerOf } from '../resolvers/context.ts'
import { builder } from './builder.ts'

const Viewer = builder.objectRef<{ readonly userId: string }>('Viewer').implement({
  description: 'The user who asks.',
  fields: (t) => ({
    id: t.exposeID('userId', { description: 'The user’s id: the `sub` of the token.' }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    nullable: true,
    description: 'Who you are.',
    resolve: (_, _args, context) => viewerOf(context),
  }),
)
