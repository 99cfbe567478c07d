import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { isDatabaseUnavailable } from './database.ts'

function databaseError(code: string, severity = 'ERROR'): Error {
  return Object.assign(new pg.DatabaseError('no', 2, 'error'), { code, severity })
}

test('a database that is down, full, starting or a standby is unavailable', () => {
  for (const code of ['08006', '08001', '53300', '57P01', '57P02', '57P03', '58030', '25006', '3D000', '28P01'])
    assert.equal(isDatabaseUnavailable(databaseError(code)), true, code)
  assert.equal(isDatabaseUnavailable(databaseError('22023', 'FATAL')), true)
})

test('a connection that breaks or is not made is unavailable', () => {
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH'])
    assert.equal(isDatabaseUnavailable(Object.assign(new Error('connect'), { code })), true, code)
  for (const message of [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])
    assert.equal(isDatabaseUnavailable(new Error(message)), true, message)
})

test('what is wrong with a statement is no outage', () => {
  for (const code of ['23505', '42501', '22P02', '40001', '40P01', '57014'])
    assert.equal(isDatabaseUnavailable(databaseError(code)), false, code)
  assert.equal(isDatabaseUnavailable(new Error('something else')), false)
  assert.equal(isDatabaseUnavailable('ECONNREFUSED'), false)
})
