import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProgram } from './helpers/program.ts'

const PATH = process.env.PATH ?? ''

test('without a configuration main ends with exit code 1 and every problem', async () => {
  const program = startProgram(['src/main.ts', '--role', 'king'], { PATH, PORT: '-1' })
  assert.equal(await program.ended, 1)
  for (const variable of ['ROLE', 'DATABASE_URL', 'NATS_URL', 'AUTH_SECRET', 'PORT'])
    assert.match(program.output, new RegExp(`- ${variable}: `))
  assert.doesNotMatch(program.output, /\n\s+at /)
})

test('an option that main does not have is refused by name', async () => {
  const program = startProgram(['src/main.ts', '--rolle', 'all'], { PATH })
  assert.equal(await program.ended, 1)
  assert.match(program.output, /--rolle/)
  assert.doesNotMatch(program.output, /\n\s+at /)
})

test('a migration needs nothing but the database, and provisioning nothing but NATS', async () => {
  const migrate = startProgram(['scripts/migrate.ts'], { PATH })
  assert.equal(await migrate.ended, 1)
  assert.match(migrate.output, /1 problem\(s\):\n {2}- DATABASE_URL: must be set/)
  const provision = startProgram(['scripts/nats-provision.ts'], { PATH })
  assert.equal(await provision.ended, 1)
  assert.match(provision.output, /1 problem\(s\):\n {2}- NATS_URL: must be set/)
})
