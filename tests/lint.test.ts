import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const LINTER = join(root, 'node_modules/oxlint/bin/oxlint')

/** The rules that the linter, under the project's own configuration, finds broken in one file. */
async function brokenRules(path: string, source: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-lint-'))
  try {
    for (const file of ['.oxlintrc.json', 'tsconfig.json']) await cp(join(root, file), join(folder, file))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), source)
    const linter = [LINTER, '--format', 'json', path]
    const run = spawnSync(process.execPath, linter, { cwd: folder, encoding: 'utf8' })
    assert.ok(run.status === 0 || run.status === 1, `the linter did not run: ${run.stdout}${run.stderr}`)
    const report = JSON.parse(run.stdout) as { diagnostics: { code: string }[]; number_of_files: number }
    assert.equal(report.number_of_files, 1)
    return [...new Set(report.diagnostics.map((diagnostic) => diagnostic.code))].toSorted()
  } finally {
    await rm(folder, { recursive: true })
  }
}

const work = 'export async function work(): Promise<void> {}\n'

test('the linter sees what only types tell: promises that nobody awaits', async () => {
  const found = await brokenRules(
    'src/seed.ts',
    `${work}
     export function floating(): void { work() }
     export function misused(items: string[]): void { items.forEach(async () => work()) }
     export async function needless(): Promise<number> { const one = await 1; return one }`,
  )
  assert.deepEqual(found, [
    'typescript(await-thenable)',
    'typescript(no-floating-promises)',
    'typescript(no-misused-promises)',
    'unicorn(no-unnecessary-await)',
  ])
})

test('the linter sees any, and what came out of one', async () => {
  assert.deepEqual(await brokenRules('src/seed.ts', 'export const take = (value: any): string => value.text'), [
    'typescript(no-explicit-any)',
    'typescript(no-unsafe-member-access)',
    'typescript(no-unsafe-return)',
  ])
})

test('the console is for scripts, not for what runs in the server', async () => {
  assert.deepEqual(await brokenRules('src/seed.ts', `console.log('x')`), ['eslint(no-console)'])
  assert.deepEqual(await brokenRules('scripts/seed.ts', `console.log('x')`), [])
})

test('code without a fault passes', async () => {
  assert.deepEqual(await brokenRules('src/seed.ts', `${work}await work()\n`), [])
})
