import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AsyncAPIDocumentInterface, Parser } from '@asyncapi/parser'
import { Ajv, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { CloudEvent, HTTP } from 'cloudevents'
import { eventTypes } from '../src/events/types.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import { causeEveryEvent } from './helpers/every-event.ts'
import { testConfig, testLog } from './helpers/options.ts'
import type { StreamMessage } from './helpers/stream.ts'
import { startTaskwire, type TestTaskwire, userToken } from './helpers/taskwire.ts'

/** Nothing of which may reach a subject. */
const USER = 'Ada Lovelace.*.>@example.org'
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('the messages of every type of event', () => {
  let taskwire: TestTaskwire
  let link: NatsLink
  let messages: readonly StreamMessage[]
  before(async () => {
    taskwire = await startTaskwire()
    link = new NatsLink(testConfig({ NATS_URL: taskwire.nats.url }).nats, testLog())
    const authorization = `Bearer ${await userToken(USER)}`
    const send = async (query: string) => {
      const headers = { authorization, 'content-type': 'application/json', traceparent: TRACEPARENT }
      const body = JSON.stringify({ query })
      const answer = await fetch(`${taskwire.app.url}/graphql`, { method: 'POST', headers, body })
      return (await answer.json()).errors ?? []
    }
    messages = await causeEveryEvent(send, await link.ready())
  })
  after(async () => {
    await link.close()
    await taskwire[Symbol.asyncDispose]()
  })

  const published = async (path: string) => {
    const response = await fetch(taskwire.app.url + path)
    assert.equal(response.status, 200, path)
    return response.json()
  }

  it('are CloudEvents to the CloudEvents SDK, as the event and as its headers say', () => {
    for (const { raw, eventId } of messages) {
      const headers = Object.fromEntries([...raw.header].map(([name, values]) => [name.toLowerCase(), values[0]]))
      // What the SDK knows of structured mode it knows of HTTP, whose form is the same (NATS binding, section 3.2).
      const event = HTTP.toEvent({ headers, body: raw.string() })
      assert.ok(event instanceof CloudEvent)
      assert.ok(event.validate())
      assert.deepEqual([event.id, event.userid], [eventId, USER])
      // What time did has no request behind it.
      assert.equal(event.traceparent, event.actorid === 'system' ? headers.traceparent : TRACEPARENT)
      assert.deepEqual(JSON.parse(JSON.stringify(event)), raw.json())
    }
  })

  it('have data that their dataschema takes, and takes no less', async () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
    formats.default(ajv)
    const schemas = new Map<string, ValidateFunction>()
    for (const { raw } of messages) {
      const { type, dataschema, data } = raw.json<Record<string, any>>()
      let validate = schemas.get(type)
      const known = validate !== undefined
      if (validate === undefined) {
        const schema = await published(new URL(dataschema).pathname)
        assert.equal(schema.$id, dataschema)
        validate = ajv.compile(schema)
        schemas.set(type, validate)
      }
      // Said as a boolean: the answer would make any data unknown.
      const valid: boolean = validate(data)
      assert.ok(valid, `${type}: ${ajv.errorsText(validate.errors)}`)
      if (known) continue

      const { updatedAt: _, ...stateWithout } = data.state
      for (const wrong of [
        { ...data, state: stateWithout },
        { ...data, state: { ...data.state, updatedAt: '2030-01-01T00:00:00+02:00' } },
        { ...data, state: { ...data.state, id: 'no id' } },
        { ...data, version: 0 },
        { ...data, entityType: 'NOTHING' },
        { ...data, schemaVersion: 2 },
      ])
        assert.equal(validate(wrong), false, `${type}: ${JSON.stringify(wrong)}`)
      assert.ok(validate({ ...data, more: 1, state: { ...data.state, more: 1 } }), 'what a newer program adds')
    }
    assert.deepEqual([...schemas.keys()].toSorted(), eventTypes.toSorted())
  })

  it('are as the AsyncAPI document says: their subjects, headers and payloads', async () => {
    const { document, diagnostics } = await new Parser().parse(await published('/asyncapi.json'))
    // AsyncAPI 3.0 is what is meant; a newer one is recommended.
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['asyncapi-latest-version'],
    )
    assert.ok(document)
    const described = describedMessages(document)
    for (const { raw, subject } of messages) {
      const event = raw.json<Record<string, any>>()
      const message = described.get(`${event.type}.v${event.data.schemaVersion}`)
      assert.ok(message, event.type)
      assert.match(subject, message.subject)
      const headers = Object.fromEntries([...raw.header].map(([name, values]) => [name, values[0]]))
      for (const [validate, value, wrong] of [
        [message.headers, headers, { ...headers, 'Content-Type': 'application/json' }],
        [message.payload, event, { ...event, data: { ...event.data, state: { ...event.data.state, id: 1 } } }],
        [message.payload, event, { ...event, specversion: '0.3' }],
      ] as const) {
        assert.ok(validate(value), `${event.type}: ${JSON.stringify(validate.errors)}`)
        assert.equal(validate(wrong), false, `${event.type}: ${JSON.stringify(wrong)}`)
      }
    }
    assert.deepEqual(new Set([...described.keys()].map((name) => name.replace(/\.v\d+$/, ''))), new Set(eventTypes))
  })
})

interface DescribedMessage {
  readonly subject: RegExp
  readonly headers: ValidateFunction
  readonly payload: ValidateFunction
}

/** The messages of the document, by their names in it. */
function describedMessages(document: AsyncAPIDocumentInterface): ReadonlyMap<string, DescribedMessage> {
  // The parser adds words of its own to schemas.
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats.default(ajv)
  const found = new Map<string, DescribedMessage>()
  for (const operation of document.operations().all()) {
    assert.equal(operation.action(), 'send')
    for (const channel of operation.channels().all()) {
      const parameters = channel.json().parameters as Record<string, { enum?: string[] }>
      const pattern = (channel.address() ?? '').replaceAll('.', '\\.').replace(/\{(\w+)\}/g, (_, name: string) => {
        const values = parameters[name]?.enum
        return values === undefined ? '[A-Za-z0-9_-]+' : `(${values.join('|')})`
      })
      for (const message of channel.messages().all())
        found.set(message.id(), {
          subject: new RegExp(`^${pattern}$`),
          headers: ajv.compile(message.headers()?.json() as object),
          payload: ajv.compile(message.payload()?.json() as object),
        })
    }
  }
  return found
}
