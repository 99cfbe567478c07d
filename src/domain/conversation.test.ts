import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  conversationEnded,
  conversationStarted,
  expiresAt,
  isActive,
  MAX_MESSAGES,
  messageAdded,
  type NewMessage,
} from './conversation.ts'
import type { ConversationState } from './conversation-state.ts'
import { TaskwireError } from './errors.ts'

const at = (minute: number) => new Date(Date.UTC(2027, 0, 1, 9, minute))
const started = (more: { title?: string; timeoutMinutes?: number } = {}) =>
  conversationStarted({ id: 'a', ...more }, at(0)).state
const says = (content: string, more: Partial<NewMessage> = {}): NewMessage => ({
  id: 'm',
  role: 'USER',
  content,
  taskReferences: [],
  ...more,
})
const after = (session: ConversationState, ...said: [number, string][]) =>
  said.reduce((state, [minute, content]) => messageAdded(state, says(content), at(minute)).session.state, session)
const codeOf = (act: () => unknown) => {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof TaskwireError ? error.code : String(error)
  }
}

describe('a session', () => {
  it('is active until it has been without a message for its time', () => {
    const session = started()
    assert.equal(session.timeoutMinutes, 30)
    assert.ok(isActive(session, at(29)))
    assert.ok(!isActive(session, at(30)), 'at that very moment it has expired')
    const kept = after(session, [29, 'still here'], [58, 'still'])
    assert.ok(isActive(kept, at(87)))
    assert.deepEqual(expiresAt(kept), at(88))
    assert.ok(!isActive(after(started({ timeoutMinutes: 1 }), [0, 'hi']), at(1)))
  })

  it('counts its messages, which have their places, and is as active as the last of them', () => {
    const first = messageAdded(started(), says('one'), at(1))
    const second = messageAdded(first.session.state, says('two', { role: 'ASSISTANT' }), at(2))
    assert.deepEqual(second.session, {
      type: 'conversation.updated',
      state: {
        ...first.session.state,
        version: 3,
        messageCount: 2,
        lastActiveAt: at(2).toISOString(),
        updatedAt: at(2).toISOString(),
      },
      previousState: first.session.state,
    })
    assert.deepEqual([first.message.state.position, second.message.state.position], [1, 2])
    assert.equal(second.message.state.timestamp, at(2).toISOString())
    const late = messageAdded(second.session.state, says('begun before'), at(1))
    assert.equal(late.message.state.timestamp, at(2).toISOString(), 'time does not go back')
  })

  it('takes no message once it has expired or ended, and no more than its fill', () => {
    const session = after(started(), [1, 'hi'])
    assert.equal(
      codeOf(() => messageAdded(session, says('late'), at(31))),
      'INVALID_TRANSITION',
    )
    const ended = conversationEnded(session, at(2))?.state ?? session
    assert.equal(
      codeOf(() => messageAdded(ended, says('late'), at(2))),
      'INVALID_TRANSITION',
    )
    const full = { ...session, messageCount: MAX_MESSAGES }
    assert.equal(
      codeOf(() => messageAdded(full, says('one more'), at(2))),
      'LIMIT_EXCEEDED',
    )
  })

  it('ends once: when it is ended, or when it had expired, whoever notices when', () => {
    const session = after(started(), [1, 'hi'])
    assert.equal(conversationEnded(session, at(2))?.state.endedAt, at(2).toISOString())
    const late = conversationEnded(session, at(59))
    assert.equal(late?.state.endedAt, at(31).toISOString())
    assert.equal(late.state.updatedAt, at(59).toISOString())
    assert.equal(conversationEnded(late.state, at(60)), undefined)
  })
})

describe('a title', () => {
  const titleOf = (...said: string[]) => after(started(), ...said.map((text): [number, string] => [1, text])).title

  it('is the first user message that says something, on one line', () => {
    assert.equal(titleOf('  What is\n\n due\ttoday? ', 'And tomorrow?'), 'What is due today?')
    assert.equal(titleOf(' \n ', 'Hello'), 'Hello')
    const assisted = messageAdded(started(), says('How can I help?', { role: 'ASSISTANT' }), at(1)).session.state
    assert.equal(assisted.title, '')
    assert.equal(after(assisted, [1, 'Plan my day']).title, 'Plan my day')
  })

  it('stays where one was given', () => {
    assert.equal(after(started({ title: 'Given' }), [1, 'Hello']).title, 'Given')
  })

  it('is cut between characters as people see them, and never grows', () => {
    assert.equal(titleOf('x'.repeat(80)), 'x'.repeat(80))
    assert.equal(titleOf('x'.repeat(81)), `${'x'.repeat(80)}…`)
    assert.equal(titleOf(`${'x'.repeat(79)} y`), `${'x'.repeat(79)}…`)
    const flag = '🇩🇪'
    assert.equal(titleOf(`${'x'.repeat(79)}${flag}`), `${'x'.repeat(79)}…`)
    assert.equal(titleOf(`${'x'.repeat(78)}${flag}`), `${'x'.repeat(78)}${flag}`)
    const heap = `e${'\u0301'.repeat(2_000)}`
    assert.equal(titleOf(`a${heap}`), 'a…')
    assert.equal(titleOf(`${' '.repeat(2_000)}far`), 'far')
    assert.equal(titleOf(`x${' '.repeat(2_000)}far`), 'x…')
    assert.ok(titleOf(`${'x '.repeat(499)}x😀`).isWellFormed())
  })
})
