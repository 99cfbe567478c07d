import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { SignJWT } from 'jose'
import { createLog } from '../lib/log.ts'
import { createVerifier } from './verifier.ts'

test('a token is remembered for a minute at most, and not past its end', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-22T10:00:00Z') })
  t.after(() => mock.timers.reset())
  const secret = 'a secret that is long enough for HS256, as it should be'
  const verify = createVerifier(
    { algorithms: ['HS256'], secret, jwksUrl: undefined, issuer: undefined, audience: undefined },
    createLog('silent'),
  )
  const token = (lifetime: string) =>
    new SignJWT({ sub: 'alice' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(lifetime)
      .sign(new TextEncoder().encode(secret))
  const [short, long] = [await token('30s'), await token('1h')]
  const before = { short: await verify(short), long: await verify(long) }
  assert.equal(before.short.userId, 'alice')
  assert.equal(await verify(long), before.long)
  mock.timers.tick(29_000)
  assert.equal(await verify(short), before.short)
  mock.timers.tick(7_000)
  await assert.rejects(verify(short), /not valid/)
  mock.timers.tick(30_000)
  assert.notEqual(await verify(long), before.long, 'verified anew')
  assert.deepEqual(await verify(long), before.long)
})
