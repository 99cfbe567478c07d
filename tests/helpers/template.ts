import { migrate } from '../../migrations/migrate.ts'
import { asSuperuser, LOGIN, OWNER, TEMPLATE, urlFor } from './database.ts'

/** Makes the template database anew: the owner, the migrations, the application's login. */
export async function createTemplate(): Promise<void> {
  await asSuperuser('postgres', async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`)
    const owner = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [OWNER.user])
    if (owner.rowCount === 0)
      await client.query(`CREATE ROLE ${OWNER.user} LOGIN CREATEROLE PASSWORD '${OWNER.password}'`)
    await client.query(`CREATE DATABASE ${TEMPLATE} OWNER ${OWNER.user}`)
  })
  await migrate(urlFor(TEMPLATE, OWNER), urlFor(TEMPLATE, LOGIN))
}
