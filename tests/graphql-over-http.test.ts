import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serverAudits } from 'graphql-http'
import { startTaskwire, type TestTaskwire } from './helpers/taskwire.ts'
import { CSRF } from './helpers/transports.ts'

let taskwire: TestTaskwire
before(async () => {
  taskwire = await startTaskwire()
})
after(() => taskwire[Symbol.asyncDispose]())

/** The audits ask by GET too, and know nothing of the header that keeps web pages from doing that. */
const fetchFn = (url: string, init: RequestInit = {}) =>
  fetch(
    url,
    init.method === 'POST' ? init : { ...init, headers: { ...(init.headers as Record<string, string>), ...CSRF } },
  )

const audits = serverAudits({ url: () => `${taskwire.app.url}/graphql`, fetchFn })

test('there are audits', () => {
  assert.ok(audits.length > 50, String(audits.length))
})

// MUST, SHOULD and MAY alike.
for (const { id, name, fn } of audits)
  test(`${id}: ${name}`, async () => {
    const result = await fn()
    assert.equal(result.status, 'ok', 'reason' in result ? result.reason : undefined)
  })
