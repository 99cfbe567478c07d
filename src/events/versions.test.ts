import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { createEvent, NewerEventError, parseEvent } from './envelope.ts'
import { type PublishedDocument, publishedDocuments } from './published.ts'
import { type AnyState, EVENT_TYPES, type EventDefinition, type EventType, eventTypes, tagState } from './types.ts'
import { stateSchema, versionsOf } from './versions.ts'

const origin = { userId: 'alice', actorId: 'alice', correlationId: 'c' }
const at = '2030-01-01T00:00:00.000Z'
const before = {
  id: '019ab3c0-0000-7000-8000-000000000002',
  version: 1,
  name: 'home',
  color: null,
  createdAt: at,
  updatedAt: at,
}
const state = { ...before, version: 2, color: '#00ff00' }

/** The next program's tag: a list of colors in place of one. */
const { color: _, ...kept } = tagState.shape
const nextState = z.looseObject({ ...kept, colors: z.array(z.string()) })
const lift = ({ color, ...rest }: AnyState) => ({ ...rest, colors: color === null ? [] : [color] })
const lower = ({ colors, ...rest }: AnyState) => ({ ...rest, color: z.array(z.string()).parse(colors)[0] ?? null })
const next: EventDefinition = {
  entityType: 'TAG',
  schemaVersion: 2,
  state: nextState,
  earlier: [{ state: tagState, lift }],
}

/** Runs `work` as a program that has this definition of a type would. */
function as<T>(definition: EventDefinition, work: () => T): T {
  const types: Record<string, EventDefinition> = EVENT_TYPES
  const known: EventDefinition = EVENT_TYPES['tag.updated']
  types['tag.updated'] = definition
  try {
    return work()
  } finally {
    types['tag.updated'] = known
  }
}

function write(from: AnyState, to: AnyState): string {
  const event = { type: 'tag.updated' as EventType, id: before.id, time: new Date(at) }
  // Of the version that the program works with, which its types do not say here.
  return JSON.stringify(createEvent({ ...event, state: to as never, previousState: from as never }, origin, 'http://x'))
}

const STATE_OF = z.object({ $defs: z.object({ State: z.object({ properties: z.record(z.string(), z.unknown()) }) }) })
const MESSAGES_OF = z.object({
  channels: z.record(z.string(), z.object({ messages: z.record(z.string(), z.unknown()) })),
})

const documentAt = (documents: readonly PublishedDocument[], path: string) =>
  documents.find((document) => document.path === path)?.content

test('an event of an older version is lifted when it is read, and is one of the newest in every way', () => {
  const old = JSON.parse(write(before, { ...state, icon: 'house' }))
  const event = as(next, () => parseEvent(JSON.stringify(old)))
  assert.deepEqual(event, {
    ...old,
    dataschema: 'http://x/events/tag.updated/v2.json',
    data: {
      ...old.data,
      schemaVersion: 2,
      state: lift({ ...state, icon: 'house' }),
      previousState: lift(before),
      changes: [
        { field: 'icon', from: null, to: 'house' },
        { field: 'colors', from: [], to: ['#00ff00'] },
      ],
    },
  })
})

test('what lifting makes of a state is checked, and so is what it is given', () => {
  const wrong = { ...next, earlier: [{ state: tagState, lift: (older: AnyState) => older }] }
  const json = write(before, state)
  assert.throws(() => as(wrong, () => parseEvent(json)), z.ZodError)
  assert.throws(() => as(next, () => parseEvent(json.replace('"#00ff00"', '5'))), z.ZodError)
})

test('a program that learns a version still writes the one before, and reads both', () => {
  const learning = { ...next, lower }
  const json = as(learning, () => write(lift(before), lift(state)))
  assert.deepEqual(JSON.parse(json), JSON.parse(write(before, state)))
  assert.deepEqual(as(learning, () => parseEvent(json)).data.state, lift(state))
  const newer = as(next, () => write(lift(before), lift(state)))
  assert.equal(JSON.parse(newer).data.schemaVersion, 2)
  assert.deepEqual(as(learning, () => parseEvent(newer)).data.state, lift(state))
  assert.throws(() => parseEvent(newer), NewerEventError)
})

test('an older version stays published beside the newest', () => {
  const now = publishedDocuments('http://x')
  const documents = as(next, () => publishedDocuments('http://x'))
  const [older, newer] = [1, 2].map((version) => documentAt(documents, `/events/tag.updated/v${version}.json`))
  assert.deepEqual(older, documentAt(now, '/events/tag.updated/v1.json'))
  const fields = (document: unknown) => Object.keys(STATE_OF.parse(document).$defs.State.properties)
  assert.ok(fields(older).includes('color') && !fields(older).includes('colors'))
  assert.ok(fields(newer).includes('colors') && !fields(newer).includes('color'))
  const messages = MESSAGES_OF.parse(documentAt(documents, '/asyncapi.json')).channels.tag?.messages ?? {}
  assert.deepEqual(
    Object.keys(messages).filter((name) => name.startsWith('tag.updated')),
    ['tag.updated.v1', 'tag.updated.v2'],
  )
})

test('every version of every type is known', () => {
  assert.ok(eventTypes.length >= 15)
  for (const type of eventTypes) {
    assert.equal(versionsOf(type).at(-1), EVENT_TYPES[type].schemaVersion)
    for (const version of versionsOf(type)) assert.ok(stateSchema(type, version), `${type} v${version}`)
  }
})
