import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingOptionals, readLockFile } from '../scripts/lock-file.ts'

test('the lock file has an entry for every optional package, so that npm ci takes it on every platform', async () => {
  const missing = missingOptionals(await readLockFile()).map(({ name }) => name)
  assert.deepEqual(missing, [], 'run `npm run lock:complete`')
})

test('an optional package that is missing from a lock file is found, one that lies further out is not reported', () => {
  const lock = {
    packages: {
      'node_modules/a': { optionalDependencies: { '@a/linux': '1.0.0', '@a/mac': '1.0.0', b: '2.0.0' } },
      'node_modules/a/node_modules/@a/linux': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0' },
    },
  }
  assert.deepEqual(missingOptionals(lock), [{ name: '@a/mac', version: '1.0.0', dev: false }])
})

test('the lock file names no host', async () => {
  const { packages } = await readLockFile()
  assert.deepEqual(
    Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined),
    [],
    'make it with `npm install --omit-lockfile-registry-resolved`',
  )
})
