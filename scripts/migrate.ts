import { migrate } from '../migrations/migrate.ts'
import { loadPart } from './part-of-config.ts'
import { runScript } from './run-script.ts'

// Brings the database of DATABASE_MIGRATION_URL (else DATABASE_URL) up to date. Safe to run at any time.
await runScript(async () => {
  const { migrationUrl, url } = loadPart('database', process.env)
  const names = await migrate(migrationUrl, url)
  return names.length === 0 ? 'The database is up to date.' : names.map((name) => `migrated ${name}`).join('\n')
})
