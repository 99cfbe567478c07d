import type { Names } from './names.ts'
import { type ExpectedEvent, type Operation, refusal, writes } from './operation.ts'

const MOST = 4
/** None of these expires during a run. */
const LONG_MINUTES = 7 * 24 * 60
const FLEETING_MINUTES = 1

/** Sessions that only one writer ends. Messages of the user's other writers may go into them. */
export class OwnConversations {
  readonly #names: Names
  /** Whether each takes messages. */
  readonly #active = new Map<string, boolean>()
  #lastEventId: string | undefined

  constructor(names: Names) {
    this.#names = names
  }

  forget(id: string): void {
    this.#active.delete(id)
  }

  start(): Operation | undefined {
    if (this.#active.size >= MOST) return undefined
    const id = this.#names.id('conversation')
    // One that expires by itself is left alone.
    const fleeting = this.#names.random.next() < 0.3
    const timeoutMinutes = fleeting ? FLEETING_MINUTES : LONG_MINUTES
    return {
      field: 'startConversation',
      input: { id, timeoutMinutes, ...(this.#names.random.next() < 0.5 && { title: this.#names.text() }) },
      expects: writes([{ type: 'conversation.started', entityId: id, version: 1 }]),
      learn: ({ eventId }) => {
        this.#lastEventId = eventId ?? undefined
        if (!fleeting) this.#active.set(id, true)
      },
      doubts: [],
    }
  }

  /** Into a session of its own. @param taskIds what it speaks of */
  say(taskIds: readonly string[]): Operation | undefined {
    const id = this.#any(true)
    if (id === undefined) return undefined
    return this.#message({ sessionId: id, taskReferences: taskIds }, [changed(id, 'conversation.updated')])
  }

  /** Into whichever session of the user's is active, or a new one. */
  sayAnywhere(): Operation {
    return this.#message(
      {},
      [{ type: 'conversation.updated', entityId: null, version: null }],
      ['conversation.started'],
    )
  }

  end(): Operation | undefined {
    const id = this.#any(true)
    if (id === undefined) return undefined
    return {
      field: 'endConversation',
      input: { id },
      expects: writes([changed(id, 'conversation.ended')]),
      learn: () => this.#active.set(id, false),
      doubts: [id],
    }
  }

  delete(): Operation | undefined {
    const id = this.#any(this.#names.random.next() < 0.5)
    if (id === undefined) return undefined
    return {
      field: 'deleteConversation',
      input: { id },
      expects: writes([changed(id, 'conversation.deleted')]),
      learn: () => this.forget(id),
      doubts: [id],
    }
  }

  refusal(): Operation {
    const ended = this.#any(false)
    const message = { role: 'USER', content: this.#names.text() }
    return this.#names.random.pick([
      refusal('addConversationMessage', { ...message, taskReferences: [this.#names.id('none')] }, 'NOT_FOUND'),
      ...(ended === undefined
        ? []
        : [refusal('addConversationMessage', { ...message, sessionId: ended }, 'INVALID_TRANSITION')]),
      ...(this.#lastEventId === undefined
        ? []
        : [refusal('undo', { eventId: this.#lastEventId }, 'INVALID_TRANSITION')]),
    ])
  }

  #message(where: object, events: readonly ExpectedEvent[], also: readonly string[] = []): Operation {
    const id = this.#names.id('message')
    const role = this.#names.random.pick(['USER', 'ASSISTANT', 'SYSTEM'])
    return {
      field: 'addConversationMessage',
      input: { id, role, content: this.#names.text(), ...where },
      expects: writes([...events, { type: 'conversation-message.added', entityId: id, version: 1 }], also),
      doubts: [],
    }
  }

  #any(active: boolean): string | undefined {
    const fitting = [...this.#active].filter(([, is]) => is === active).map(([id]) => id)
    return this.#names.random.some(fitting, 1)[0]
  }
}

function changed(entityId: string, type: string): ExpectedEvent {
  return { type, entityId, version: null }
}
