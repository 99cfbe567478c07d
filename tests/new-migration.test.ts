import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { makeMigration } from '../scripts/new-migration.ts'

const migrations = resolve(import.meta.dirname, '../migrations')
const today = new Date('2030-02-03T12:00:00Z')

/** A copy of the migrations, for as long as `work` works on it. */
async function inCopy(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-migrations-'))
  try {
    await cp(migrations, folder, { recursive: true })
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

interface Snapshot {
  readonly tables: { readonly name: string; readonly columns: Record<string, unknown> }[]
}

test('what the entities have and the snapshot lacks becomes a migration, listed and in the snapshot', async () => {
  await inCopy(async (folder) => {
    const snapshotPath = join(folder, '.snapshot.json')
    const now = await readFile(snapshotPath, 'utf8')
    const earlier = JSON.parse(now) as Snapshot
    delete earlier.tables.find((table) => table.name === 'tags')?.columns.color
    await writeFile(snapshotPath, JSON.stringify(earlier))

    const path = await makeMigration({ folder, name: 'tag-color', today, blank: false })

    assert.equal(path, join(folder, '20300203-01-tag-color.ts'))
    const source = await readFile(path, 'utf8')
    assert.match(source, /^export class TagColor extends Migration \{$/m)
    assert.match(source, /^ {6}alter table "tags" add "color" text null;$/m)
    assert.deepEqual(JSON.parse(await readFile(snapshotPath, 'utf8')), JSON.parse(now))
    const list = await readFile(join(folder, 'list.ts'), 'utf8')
    assert.match(list, /^import \{ TagColor \} from '\.\/20300203-01-tag-color\.ts'$/m)
    assert.match(list, /^ {2}\{ name: '20300203-01-tag-color', class: TagColor \},\n\]$/m)
    await assert.rejects(makeMigration({ folder, name: 'tag-color', today, blank: true }), /already/)
  })
})

test('without a difference nothing is written, unless a blank one is asked for', async () => {
  await inCopy(async (folder) => {
    const files = await readdir(folder)
    assert.equal(await makeMigration({ folder, name: 'nothing', today, blank: false }), undefined)
    assert.deepEqual(await readdir(folder), files)
    assert.equal(
      await makeMigration({ folder, name: 'first', today, blank: true }),
      join(folder, '20300203-01-first.ts'),
    )
    assert.equal(
      await makeMigration({ folder, name: 'second', today, blank: true }),
      join(folder, '20300203-02-second.ts'),
    )
  })
})

test('a name that makes no file and no class is refused', async () => {
  for (const name of ['', 'Tag', 'tag_color', '../tag', '1st', 'tag-'])
    await assert.rejects(makeMigration({ folder: migrations, name, today, blank: true }), /is no name/)
})
