import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breaksOf } from '../scripts/event-compatibility.ts'

const RELEASED = {
  $id: '/events/thing.made/v1.json',
  type: 'object',
  properties: {
    state: { $ref: '#/$defs/State' },
    undoes: { type: 'string', format: 'uuid' },
  },
  required: ['state'],
  $defs: {
    State: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        status: { type: 'string', enum: ['OPEN', 'DONE'] },
        size: { type: 'integer', minimum: 1 },
        due: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
        note: { type: 'string' },
        tags: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] } },
        place: { anyOf: [{ type: 'object', properties: { city: { type: 'string' } } }, { type: 'null' }] },
        counts: { type: 'object', additionalProperties: { type: 'integer' } },
        value: { anyOf: [{ type: 'string' }, { type: 'object', properties: { text: { type: 'string' } } }] },
      },
      required: ['name', 'status', 'size', 'due', 'tags'],
    },
  },
}

const DUE = '{"type":"string","format":"date-time"}'
const NULLABLE_DUE = `{"anyOf":[${DUE},{"type":"null"}]}`

/** What is found where, in the released schema as text, `from` was replaced. */
function after(from: string, to: string): string[] {
  const text = JSON.stringify(RELEASED)
  assert.ok(text.includes(from), `the schema has no ${from}`)
  return breaksOf({ 'thing.made/v1': RELEASED }, { 'thing.made/v1': JSON.parse(text.replace(from, to)) })
}

test('what is added and may be absent breaks nothing, nor does what is only said otherwise', () => {
  for (const [from, to] of [
    ['"note":', '"more":{"type":"string"},"note":'],
    ['"id":{"type":"string"}', '"id":{"type":"string"},"name":{"type":"string"}'],
    ['"city":', '"zip":{"type":"string"},"city":'],
    ['"text":', '"bold":{"type":"boolean"},"text":'],
    ['"undoes":', '"redoes":{"type":"string"},"undoes":'],
    ['{"type":"string"}', '{"type":"string","description":"What it is called."}'],
    ['["OPEN","DONE"]', '["DONE","OPEN"]'],
    ['"required":["name","status"', '"required":["status","name"'],
    ['"$id":"/events', '"$id":"https://example.org/events'],
    ['{"$ref":"#/$defs/State"}', JSON.stringify(RELEASED.$defs.State)],
    [NULLABLE_DUE, '{"type":["null","string"],"format":"date-time"}'],
  ] as const)
    assert.deepEqual(after(from, to), [], to)
  const other = { type: 'object' }
  assert.deepEqual(breaksOf({ 'thing.made/v1': RELEASED }, { 'thing.made/v1': RELEASED, 'thing.made/v2': other }), [])
})

test('each way to break a released schema is seen, and told', () => {
  for (const [what, from, to, expected] of [
    ['a field removed', '"note":{"type":"string"},', '', 'state.note was removed.'],
    ['a field renamed', '"note":', '"remark":', 'state.note was removed.'],
    [
      'a field that is needed now',
      '"tags"]',
      '"tags","note"]',
      'state.note has to be there now: older events are without it.',
    ],
    [
      'a field that may be absent now',
      '"due","tags"]',
      '"tags"]',
      'state.due may be absent now: programs of the release need it.',
    ],
    [
      'a new field that is needed',
      '{"id":{"type":"string"}},"required":["id"]',
      '{"id":{"type":"string"},"no":{"type":"string"}},"required":["id","no"]',
      'state.tags[].no is new and has to be there: older events are without it. Make it optional.',
    ],
    [
      'a narrower enum',
      '["OPEN","DONE"]',
      '["OPEN"]',
      'state.status may not be DONE any more, as older events have it.',
    ],
    [
      'a wider enum',
      '["OPEN","DONE"]',
      '["OPEN","DONE","LATER"]',
      'state.status may be LATER now, which programs of the release take for no event.',
    ],
    ['null no more', NULLABLE_DUE, DUE, 'state.due may not be null any more, as older events have it.'],
    [
      'null from now on',
      '"note":{"type":"string"}',
      '"note":{"type":["string","null"]}',
      'state.note may be null now, which programs of the release take for no event.',
    ],
    [
      'another type',
      '"name":{"type":"string"}',
      '"name":{"type":"integer"}',
      'state.name may not be string any more, as older events have it.',
    ],
    [
      'another bound',
      '"minimum":1',
      '"minimum":2',
      'state.size was {"type":["integer"],"minimum":1} and is {"type":["integer"],"minimum":2}.',
    ],
    [
      'another format',
      '"format":"uuid"',
      '"format":"uri"',
      'undoes was {"type":["string"],"format":"uuid"} and is {"type":["string"],"format":"uri"}.',
    ],
    ['a field of an item removed', '"id":{"type":"string"}', '"no":{"type":"string"}', 'state.tags[].id was removed.'],
    ['a field removed behind a null', '"city":', '"town":', 'state.place.city was removed.'],
    [
      'other values of a map',
      '"additionalProperties":{"type":"integer"}',
      '"additionalProperties":{"type":"string"}',
      'state.counts.* may not be integer any more, as older events have it.',
    ],
    ['a field of an alternative removed', '"text":', '"words":', 'state.value (anyOf 2).text was removed.'],
    [
      'one more alternative',
      '"value":{"anyOf":[',
      '"value":{"anyOf":[{"type":"integer"},',
      'state.value was {"anyOf":2} and is {"anyOf":3}.',
    ],
    [
      'nothing more allowed',
      '"required":["name"',
      '"additionalProperties":false,"required":["name"',
      'state was {"type":["object"]} and is {"type":["object"],"additionalProperties":false}.',
    ],
  ] as const) {
    const found = after(from, to)
    assert.ok(found.includes(`thing.made/v1: ${expected}`), `${what}: ${found.join('; ')}`)
  }
  assert.deepEqual(breaksOf({ 'thing.made/v1': RELEASED }, {}), [
    'thing.made/v1 is gone: its events could not be read any more.',
  ])
})
