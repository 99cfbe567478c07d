import { sql } from 'kysely'
import type { Log } from '../lib/log.ts'
import { StartError } from '../lib/start-error.ts'
import { type Database, isDatabaseUnavailable } from './database.ts'

/** SQLSTATEs (PostgreSQL, appendix A) that a start can run into, and what to do about them. */
const ADVICE: Readonly<Record<string, string>> = {
  '3D000': 'The database of DATABASE_URL does not exist: create it, then run `npm run migrate`.',
  '22023': 'The database has no Taskwire roles yet: run `npm run migrate`.',
  '28000': 'The login of DATABASE_URL is refused: check the user, and pg_hba.conf.',
  '28P01': 'The login of DATABASE_URL is refused: check the user and the password.',
  '42501':
    'The login of DATABASE_URL may not take the roles taskwire_app, taskwire_worker and taskwire_admin: run `npm run migrate`.',
  '42883': 'The database is not migrated: run `npm run migrate`.',
  '42P01': 'The database is not migrated: run `npm run migrate`.',
}

/**
 * Looks whether the database can be used: migrated as far as this program needs, and under a role that row-level
 * security holds for. One that cannot be reached is no reason not to start: it is waited for.
 *
 * @param newestMigration the last migration that this program knows
 * @throws StartError where it can be reached and not be used
 */
export async function checkDatabase<Tables>(
  database: Database<Tables>,
  newestMigration: string,
  log: Log,
): Promise<void> {
  try {
    const { rows } = await database.asNobody(({ db }) =>
      sql<{ superuser: boolean; owner: boolean; migrated: boolean }>`
        SELECT rolsuper OR rolbypassrls AS superuser,
               EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relname = 'tasks') AS owner,
               EXISTS (SELECT FROM migrations WHERE name = ${newestMigration}) AS migrated
        FROM pg_roles WHERE rolname = current_user`.execute(db),
    )
    const [found] = rows
    if (found?.superuser || found?.owner)
      throw new StartError(
        'Row-level security does not hold for this role: taskwire_app and taskwire_worker may own nothing.',
      )
    if (!found?.migrated)
      throw new StartError(`The database lacks the migration ${newestMigration}: run \`npm run migrate\`.`)
  } catch (error) {
    if (error instanceof StartError) throw error
    const advice = ADVICE[(error as { code?: string }).code ?? '']
    if (advice !== undefined) throw new StartError(advice, { cause: error })
    if (!isDatabaseUnavailable(error)) throw error
    log.warn({ err: error }, 'PostgreSQL is out of reach, waiting for it')
  }
}
