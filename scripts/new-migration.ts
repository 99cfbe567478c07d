import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { entities } from '../src/entities/tables.ts'
import { openOrm } from '../src/infra/orm.ts'

export interface NewMigration {
  /** Where the migrations, their list and the snapshot lie. */
  readonly folder: string
  /** Of small letters, digits and dashes, for example `task-estimate`. */
  readonly name: string
  readonly today: Date
  /** Whether to make one without a difference, for SQL that the entities cannot say. */
  readonly blank: boolean
}

/**
 * Makes the next migration from what differs between the entities and the snapshot, brings the snapshot up to date and
 * lists the migration. It needs no database.
 *
 * @returns the new file's path, or undefined where there is no difference
 * @throws Error where the name is none, or was used before
 */
export async function makeMigration({ folder, name, today, blank }: NewMigration): Promise<string | undefined> {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw new Error(
      `«${name}» is no name for a migration: small letters, digits and dashes, for example task-estimate.`,
    )
  const files = await readdir(folder)
  if (files.some((file) => file.endsWith(`-${name}.ts`))) throw new Error(`There is a migration ${name} already.`)

  const statements = await difference(folder, blank)
  if (statements === undefined) return undefined

  const day = today.toISOString().slice(0, 10).replaceAll('-', '')
  const number = files.filter((file) => file.startsWith(`${day}-`)).length + 1
  const title = `${day}-${String(number).padStart(2, '0')}-${name}`
  const className = name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
  const path = join(folder, `${title}.ts`)
  await writeFile(path, migrationSource(className, statements))
  await addToList(join(folder, 'list.ts'), title, className)
  return path
}

/** The SQL from the snapshot to the entities, which the snapshot then has; undefined where there is none. */
async function difference(folder: string, blank: boolean): Promise<readonly string[] | undefined> {
  // MikroORM writes a file of its own style, which is thrown away. It compares with the snapshot and opens no connection.
  const scratch = await mkdtemp(join(tmpdir(), 'taskwire-migration-'))
  const orm = await openOrm({
    url: 'postgres://nobody@localhost/nothing',
    entities,
    migrations: [],
    migrationsFolder: folder,
  })
  try {
    const { diff } = await orm.migrator.create(scratch)
    if (diff.up.length > 0) return diff.up
    return blank ? [] : undefined
  } finally {
    await orm.close()
    await rm(scratch, { recursive: true })
  }
}

function migrationSource(className: string, statements: readonly string[]): string {
  const sql = statements.map((statement) => (statement === '' ? '' : `      ${statement.replace(/[`\\$]/g, '\\$&')}`))
  return `import { Migration } from '@mikro-orm/migrations'

/** What this changes, and why. */
export class ${className} extends Migration {
  override up(): void {
    this.addSql(\`
${sql.join('\n')}
    \`)
  }
}
`
}

async function addToList(path: string, title: string, className: string): Promise<void> {
  const list = await readFile(path, 'utf8')
  const lastImport = list.lastIndexOf('\nimport ')
  const afterImports = list.indexOf('\n', lastImport + 1) + 1
  const end = list.lastIndexOf(']')
  if (lastImport < 0 || end < 0) throw new Error(`${path} does not look like the list of migrations.`)
  const imported = `import { ${className} } from './${title}.ts'\n`
  const listed = `  { name: '${title}', class: ${className} },\n`
  await writeFile(
    path,
    `${list.slice(0, afterImports)}${imported}${list.slice(afterImports, end)}${listed}${list.slice(end)}`,
  )
}

if (import.meta.main) {
  const [name, ...flags] = process.argv.slice(2)
  if (name === undefined || flags.some((flag) => flag !== '--blank')) {
    console.error('npm run migration:new -- NAME [--blank]')
    process.exit(2)
  }
  const folder = resolve(import.meta.dirname, '../migrations')
  const path = await makeMigration({ folder, name, today: new Date(), blank: flags.includes('--blank') })
  console.log(
    path === undefined
      ? 'The entities and the snapshot agree. For SQL that entities cannot say, add --blank.'
      : `${path} and the snapshot are written. A new table also needs GRANTs for taskwire_app and taskwire_worker.`,
  )
}
