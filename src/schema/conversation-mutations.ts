import type { CommandResult } from '../commands/command.ts'
import {
  type ConversationActionInput,
  type ConversationOutcome,
  deleteConversation,
  endConversation,
  type SetConversationWorkingStateInput,
  setConversationWorkingState,
  type StartConversationInput,
  startConversation,
} from '../commands/conversation.ts'
import { type AddConversationMessageInput, addConversationMessage } from '../commands/conversation-message.ts'
import { DEFAULT_TIMEOUT_MINUTES, MAX_MESSAGES, MAX_TIMEOUT_MINUTES } from '../domain/conversation.ts'
import {
  MAX_CONTENT,
  MAX_CONVERSATION_TITLE,
  MAX_JSON_DEPTH,
  MAX_TASK_REFERENCES,
  MAX_TOOL_CALL_BYTES,
  MAX_WORKING_STATE_BYTES,
} from '../domain/conversation-input.ts'
import { addedMessage, changedConversation } from '../resolvers/mutate.ts'
import { builder } from './builder.ts'
import { ConversationMessage, ConversationSession, MessageRole } from './conversation.ts'
import {
  chosenIdDescription,
  correlationIdDescription,
  DeletePayload,
  idempotencyKeyDescription,
  mutationField,
} from './mutation.ts'

const kibibytes = (bytes: number) => `${bytes / 1024} KiB of JSON, nested ${MAX_JSON_DEPTH} deep at most`

const StartConversation = builder.inputRef<StartConversationInput>('StartConversationInput').implement({
  description: 'A conversation to be started.',
  fields: (t) => ({
    id: t.id({ description: chosenIdDescription }),
    title: t.string({
      description: `At most ${MAX_CONVERSATION_TITLE} characters after trimming. Absent or empty: the first user message gives one.`,
    }),
    timeoutMinutes: t.int({
      description: `After how many minutes without a message it expires: 1 to ${MAX_TIMEOUT_MINUTES}; default ${DEFAULT_TIMEOUT_MINUTES}.`,
    }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const AddConversationMessage = builder.inputRef<AddConversationMessageInput>('AddConversationMessageInput').implement({
  description: 'A message to be added to a conversation.',
  fields: (t) => ({
    id: t.id({ description: chosenIdDescription }),
    sessionId: t.id({
      description:
        'The session; one that has ended or expired is INVALID_TRANSITION. Absent: of your active sessions the one that ' +
        'was active last, or a new one where there is none.',
    }),
    role: t.field({ type: MessageRole, required: true, description: 'Who speaks.' }),
    content: t.string({
      required: true,
      description: `What is said: at most ${MAX_CONTENT} characters; may be empty.`,
    }),
    taskReferences: t.idList({
      description: `Tasks of yours that it speaks of, also from the trash, at most ${MAX_TASK_REFERENCES}; others are NOT_FOUND, with extensions.ids.`,
    }),
    tokenCount: t.int({ description: 'How many tokens it took, 0 or more.' }),
    toolCalls: t.field({
      type: 'JSON',
      description: `What tools were called with what: at most ${kibibytes(MAX_TOOL_CALL_BYTES)}.`,
    }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const actionFields = { id: 'The session.', idempotencyKey: idempotencyKeyDescription }

const EndConversation = builder.inputRef<ConversationActionInput>('EndConversationInput').implement({
  description: 'A conversation to be ended.',
  fields: (t) => ({
    id: t.id({ required: true, description: actionFields.id }),
    idempotencyKey: t.id({ description: actionFields.idempotencyKey }),
  }),
})

const DeleteConversation = builder.inputRef<ConversationActionInput>('DeleteConversationInput').implement({
  description: 'A conversation to be deleted.',
  fields: (t) => ({
    id: t.id({ required: true, description: actionFields.id }),
    idempotencyKey: t.id({ description: actionFields.idempotencyKey }),
  }),
})

const SetConversationWorkingState = builder
  .inputRef<SetConversationWorkingStateInput>('SetConversationWorkingStateInput')
  .implement({
    description: 'Another working state of a conversation.',
    fields: (t) => ({
      id: t.id({ required: true, description: 'The session, active or not.' }),
      workingState: t.field({
        type: 'JSON',
        description: `At most ${kibibytes(MAX_WORKING_STATE_BYTES)}. null clears it, absent it stays as it is.`,
      }),
      idempotencyKey: t.id({ description: idempotencyKeyDescription }),
    }),
  })

const ConversationPayload = builder.objectRef<CommandResult<ConversationOutcome>>('ConversationPayload').implement({
  description: 'What became of a conversation.',
  fields: (t) => ({
    session: t.field({
      type: ConversationSession,
      description: 'The session as it is now.',
      resolve: ({ sessionId }, _, context) => changedConversation(context, sessionId),
    }),
    message: t.field({
      type: ConversationMessage,
      nullable: true,
      description: 'The message that was added, where one was.',
      resolve: ({ messageId }, _, context) => addedMessage(context, messageId),
    }),
    eventId: t.exposeID('eventId', {
      nullable: true,
      description:
        'The message’s event where there is a message, else the session’s: the feed and the audit trail show the same id. ' +
        'null where nothing changed that events tell of.',
    }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

mutationField({
  description: 'Starts a conversation. Others that are active stay so.',
  command: startConversation,
  input: StartConversation,
  payload: ConversationPayload,
})
mutationField({
  description: `Adds a message to a conversation, which may have ${MAX_MESSAGES} of them; more are LIMIT_EXCEEDED. Its session changes with it: a conversation.updated comes before the conversation-message.added.`,
  command: addConversationMessage,
  input: AddConversationMessage,
  payload: ConversationPayload,
})
mutationField({
  description: 'Ends a conversation, which then takes no more messages. One that has ended stays as it is.',
  command: endConversation,
  input: EndConversation,
  payload: ConversationPayload,
})
mutationField({
  description:
    'Deletes a conversation with all its messages, active or not. There is one event, that of the session; the audit ' +
    'trail keeps what was said.',
  command: deleteConversation,
  input: DeleteConversation,
  payload: DeletePayload,
})
mutationField({
  description: 'Writes the working state of a conversation, which keeps nobody’s session active and makes no event.',
  command: setConversationWorkingState,
  input: SetConversationWorkingState,
  payload: ConversationPayload,
})
