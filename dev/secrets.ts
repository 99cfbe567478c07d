import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const secrets = z.object({
  /** Signs the development server's tokens. */
  authSecret: z.string().min(32),
  /** The passwords of the embedded PostgreSQL: of its superuser, the schema's owner, the application. */
  superuser: z.string(),
  owner: z.string(),
  login: z.string(),
})

export type Secrets = z.infer<typeof secrets>

const fileIn = (dataDirectory: string) => join(dataDirectory, 'secrets.json')

/** The data directory's secrets, or `undefined` where no development server was ever started. */
export async function readSecrets(dataDirectory: string): Promise<Secrets | undefined> {
  try {
    return secrets.parse(JSON.parse(await readFile(fileIn(dataDirectory), 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The data directory's secrets; made at random the first time, and kept. */
export async function keepSecrets(dataDirectory: string): Promise<Secrets> {
  const known = await readSecrets(dataDirectory)
  if (known !== undefined) return known
  const random = () => randomBytes(32).toString('hex')
  const made: Secrets = { authSecret: random(), superuser: random(), owner: random(), login: random() }
  await writeFile(fileIn(dataDirectory), `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
  return made
}
