import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { readModule } from './helpers/modules.ts'

const ROOT = resolve(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

/** What docker-compose.yml runs in the image. */
const PROGRAMS = ['src/main.ts', 'scripts/migrate.ts', 'scripts/nats-provision.ts']

test('what the image runs is in the image, and needs no development dependency', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY ([\w.]+) [\w.]+\/?$/gm)].map(([, folder]) => folder)
  const { dependencies } = JSON.parse(read('package.json'))
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (path: string) => {
    if (seen.has(path)) return
    seen.add(path)
    if (path.endsWith('.json')) return
    for (const { specifier, target } of readModule(path, read(path)).imports) {
      if (target !== undefined) visit(target)
      else if (specifier !== undefined && !isBuiltin(specifier)) packages.add(packageOf(specifier))
    }
  }
  for (const program of PROGRAMS) visit(program)

  assert.ok(seen.size > 50)
  assert.deepEqual(
    [...seen].filter((path) => !copied.includes(path.split('/')[0])),
    [],
  )
  assert.deepEqual(
    [...packages].filter((name) => !(name in dependencies)),
    [],
  )
})

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
