import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix, resolve } from 'node:path'
import { test } from 'node:test'
import { filesUnder, type Module, modulesUnder, readModule } from './helpers/modules.ts'

/**
 * The folders, from the top down. A file imports from its own folder or from rows below, never upward, never across its
 * row. `src` itself is main.ts and app.ts. docs/architecture.md says what each folder is for.
 */
const LADDER: readonly (readonly string[])[] = [
  ['src'],
  ['src/server'],
  ['src/schema'],
  ['src/resolvers', 'src/consumers', 'src/scheduler', 'src/delivery', 'src/relay'],
  ['src/commands', 'src/channels', 'src/sync', 'src/auth', 'migrations'],
  ['src/outbox', 'src/entities', 'nats'],
  ['src/infra', 'src/events'],
  ['src/domain', 'src/lib'],
]

/** Below these a walk that found less has not looked. */
const LEAST_FILES = 100
const LEAST_IMPORTS = 400
const LONGEST_FILE_LINES = 400

const root = resolve(import.meta.dirname, '..')
const isTest = (path: string) => path.endsWith('.test.ts')
const modules = ['src', 'nats', 'migrations']
  .flatMap((folder) => modulesUnder(root, folder))
  .filter((module) => !isTest(module.path))

/** The folder that stands on the ladder, and its row; the deepest one where folders nest. */
function rungOf(path: string): { folder: string; row: number } | undefined {
  for (let folder = posix.dirname(path); folder !== '.' && folder !== '..'; folder = posix.dirname(folder)) {
    const row = LADDER.findIndex((folders) => folders.includes(folder))
    if (row >= 0) return folder === 'src' && posix.dirname(path) !== 'src' ? undefined : { folder, row }
  }
  return undefined
}

function wrongArrows(looked: readonly Module[]): string[] {
  return looked.flatMap(({ path, imports }) => {
    const from = rungOf(path)
    if (from === undefined) return [`${path} is in a folder that is not on the ladder`]
    return imports.flatMap(({ specifier, target }) => {
      if (specifier === undefined) return [`${path} imports something computed`]
      // What the package says of itself is no code.
      if (target === undefined || target === 'package.json') return []
      const to = rungOf(target)
      if (to === undefined) return [`${path} → ${target}: not on the ladder`]
      return to.folder === from.folder || to.row > from.row
        ? []
        : [`${path} → ${target}: row ${from.row + 1} to ${to.row + 1}`]
    })
  })
}

test('imports point down the ladder', () => {
  const local = modules.flatMap((module) => module.imports).filter((edge) => edge.target !== undefined)
  assert.ok(modules.length >= LEAST_FILES, `only ${modules.length} files were looked at`)
  assert.ok(local.length >= LEAST_IMPORTS, `only ${local.length} imports were looked at`)
  assert.deepEqual(wrongArrows(modules), [])
})

test('a wrong arrow of any kind is seen', () => {
  const wrong = (path: string, source: string) => wrongArrows([readModule(path, source)]).length
  assert.equal(wrong('src/lib/a.ts', `import { a } from '../app.ts'`), 1, 'upward')
  assert.equal(wrong('src/domain/a.ts', `import type { A } from '../lib/a.ts'`), 1, 'across, and only a type')
  assert.equal(wrong('src/domain/a.ts', `type A = import('../events/types.ts').A`), 1, 'an inline type')
  assert.equal(wrong('src/infra/a.ts', `export { a } from '../entities/a.ts'`), 1, 'a re-export')
  assert.equal(wrong('src/infra/a.ts', `export * from '../entities/a.ts'`), 1, 'a re-export of everything')
  assert.equal(wrong('src/infra/a.ts', `await import('../../nats/streams.ts')`), 1, 'a dynamic import')
  assert.equal(wrong('src/infra/a.ts', 'await import(`../${name}.ts`)'), 1, 'a computed import')
  assert.equal(wrong('src/lib/a.ts', `import '../../dev/a.ts'`), 1, 'what is not on the ladder')
  assert.equal(wrong('src/lib/a.ts', `import '../../../elsewhere/a.ts'`), 1, 'what is not in the project')
  assert.equal(wrong('src/helpers/a.ts', ''), 1, 'a folder that nobody gave a place')
  assert.equal(wrong('src/app.ts', `import './server/http.ts'; import 'zod'; import './lib/deep/a.ts'`), 0)
})

test('nothing under src is a barrel', () => {
  assert.deepEqual(
    modules
      .filter((module) => posix.basename(module.path) === 'index.ts' || module.reExports.length > 0)
      .map((m) => m.path),
    [],
  )
})

test('the environment is read at the edge only, and nothing under src writes to the console', () => {
  assert.deepEqual(
    modules.filter((module) => module.readsEnvironment && module.path !== 'src/main.ts').map((module) => module.path),
    [],
  )
  assert.deepEqual(
    modules.filter((module) => module.usesConsole).map((module) => module.path),
    [],
  )
  const seen = (source: string) => readModule('src/lib/a.ts', source)
  assert.ok(seen(`const { HOME } = process.env`).readsEnvironment)
  assert.ok(seen(`import { env } from 'node:process'`).readsEnvironment)
  assert.ok(seen(`console.error('x')`).usesConsole)
})

test('no file under src or nats is longer than can be read at once', () => {
  const lines = (path: string) => readFileSync(join(root, path), 'utf8').split('\n').length - 1
  assert.deepEqual(
    modules
      .map(({ path }) => `${path}: ${lines(path)}`)
      .filter((line) => Number(line.split(': ')[1]) > LONGEST_FILE_LINES),
    [],
  )
})

test('the project points at nothing outside of itself', () => {
  const files = filesUnder(root)
  const outward = modulesUnder(root, '.').flatMap(({ path, imports }) =>
    imports.flatMap(({ target }) => (target?.startsWith('..') ? [`${path} → ${target}`] : [])),
  )
  const mentions = files
    .filter((path) => /\.(md|ya?ml|json|conf|graphql)$|^\.ci\/|^Dockerfile/.test(path) && path !== 'package-lock.json')
    .flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(/(?:\.\.\/)+[\w.-]*/g)]
        .map(([mention]) => posix.join(posix.dirname(path), mention))
        .filter((target) => target.startsWith('..'))
        .map((target) => `${path} → ${target}`),
    )
  const links = files
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)]
        .map(([, link = '']) => posix.join(posix.dirname(path), link).replace(/\/$/, ''))
        .filter((target) => !files.some((file) => file === target || file.startsWith(`${target}/`)))
        .map((target) => `${path} → ${target}`),
    )
  assert.ok(files.length > modules.length)
  assert.deepEqual({ outward, mentions, links }, { outward: [], mentions: [], links: [] })
})
