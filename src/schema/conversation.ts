import { MAX_CONTENT, MAX_CONVERSATION_TITLE, MAX_TASK_REFERENCES } from '../domain/conversation-input.ts'
import type { MessageRole as Role } from '../domain/conversation-state.ts'
import type { ConversationMessageRow, ConversationRow } from '../entities/conversation-state.ts'
import { conversationById, conversationMessageById, workingStates } from '../resolvers/conversation-loaders.ts'
import {
  conversation,
  conversations,
  isConversationActive,
  messagesOf,
  sessionOf,
  tasksReferenced,
} from '../resolvers/conversations.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs } from './connection.ts'
import { Node, registerNode } from './node.ts'
import { Task } from './task.ts'

const roles: Record<Role, { readonly description: string }> = {
  USER: { description: 'The user.' },
  ASSISTANT: { description: 'The assistant.' },
  SYSTEM: { description: 'Whoever instructs the assistant.' },
}

export const MessageRole = builder.enumType('MessageRole', {
  description: 'Who speaks in a message.',
  values: roles,
})

export const ConversationSession = builder.objectRef<ConversationRow>('ConversationSession')
export const ConversationMessage = builder.objectRef<ConversationMessageRow>('ConversationMessage')

const ConversationMessageConnection = connectionType('ConversationMessage', ConversationMessage)

ConversationSession.implement({
  description:
    'A conversation with an assistant. Each message changes it, too. Deleting it deletes its messages, without events ' +
    'of their own: who holds messages drops those of a session that is gone.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', {
      description: 'Rises by one with every message, and with every other change but that of the working state.',
    }),
    title: t.exposeString('title', {
      description: `At most ${MAX_CONVERSATION_TITLE} characters. From the beginning of the first user message where none was given; empty until then.`,
    }),
    startedAt: t.expose('started_at', { type: 'DateTime', description: 'When it was started.' }),
    lastActiveAt: t.expose('last_active_at', {
      type: 'DateTime',
      description: 'When its last message came; startedAt while it has none.',
    }),
    endedAt: t.expose('ended_at', {
      type: 'DateTime',
      nullable: true,
      description:
        'When it ended: it was ended, or timeoutMinutes had passed without a message. null until that is written down, ' +
        'which for one that time ends is soon after.',
    }),
    isActive: t.boolean({
      description:
        'Whether it takes messages: false once ended, or after timeoutMinutes without a message. Changes with time, ' +
        'without an event; a conversation.ended follows soon.',
      resolve: (row, _, context) => isConversationActive(context, row),
    }),
    messageCount: t.exposeInt('message_count', { description: 'How many messages it has.' }),
    timeoutMinutes: t.exposeInt('timeout_minutes', {
      description: 'After how many minutes without a message it expires.',
    }),
    messages: t.field({
      type: ConversationMessageConnection,
      nullable: true,
      description: 'Its messages, oldest first.',
      args: { ...pagingArgs },
      resolve: ({ id }, args, context) => messagesOf(context, id, args),
    }),
    workingState: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'Working state of whoever holds the conversation; gone a day after it was last written. Its changes are no ' +
        'events, and change no version.',
      resolve: ({ id }, _, context) => context.reads.loader(workingStates).load(id),
    }),
    updatedAt: t.expose('updated_at', { type: 'DateTime', description: 'When it last changed.' }),
  }),
})

ConversationMessage.implement({
  description: 'A message of a conversation. It never changes, and is gone with its session.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Always 1.' }),
    session: t.field({
      type: ConversationSession,
      description: 'The session that it is in.',
      resolve: (row, _, context) => sessionOf(context, row),
    }),
    position: t.exposeInt('position', { description: 'Which message of its session it is, from 1 on.' }),
    role: t.expose('role', { type: MessageRole, description: 'Who speaks.' }),
    content: t.exposeString('content', { description: `What is said: at most ${MAX_CONTENT} characters.` }),
    timestamp: t.expose('timestamp', { type: 'DateTime', description: 'When it was added.' }),
    taskReferences: t.field({
      type: [Task],
      description: `The tasks that it speaks of, at most ${MAX_TASK_REFERENCES}, as they are now; also from the trash, without those that are purged.`,
      resolve: (row, _, context) => tasksReferenced(context, row),
    }),
    tokenCount: t.exposeInt('token_count', {
      nullable: true,
      description: 'How many tokens it took, as whoever added it says.',
    }),
    toolCalls: t.expose('tool_calls', {
      type: 'JSON',
      nullable: true,
      description: 'What tools were called with what, as whoever added it says.',
    }),
  }),
})

registerNode('ConversationSession', (context, id) => context.reads.loader(conversationById).load(id), 'CONVERSATION')
registerNode(
  'ConversationMessage',
  (context, id) => context.reads.loader(conversationMessageById).load(id),
  'CONVERSATION_MESSAGE',
)

const ConversationSessionConnection = connectionType('ConversationSession', ConversationSession)

builder.queryFields((t) => ({
  conversation: t.field({
    type: ConversationSession,
    nullable: true,
    description: 'The conversation with this id, active or not; null where you have none.',
    args: { id: t.arg.id({ required: true, description: 'The id of a session.' }) },
    resolve: (_, args, context) => conversation(context, args),
  }),
  conversations: t.field({
    type: ConversationSessionConnection,
    nullable: true,
    description: 'Your conversations, the one started last first.',
    args: {
      active: t.arg.boolean({ description: 'Only those that are active now, or only those that are not.' }),
      ...pagingArgs,
    },
    resolve: (_, args, context) => conversations(context, args),
  }),
}))
