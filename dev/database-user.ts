import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { StartError } from '../src/lib/start-error.ts'

const run = promisify(execFile)

const NAME = 'postgres'
/** Anybody: the user and group `nobody` of Debian and most others. */
const NOBODY = 65_534

/** Whom PostgreSQL runs as. */
export interface DatabaseUser {
  readonly uid: number
  readonly gid: number
}

export const runsAsRoot = (): boolean => process.getuid?.() === 0

/**
 * PostgreSQL refuses to run as root. Started by root it runs as `postgres`, a user that is made where there is none;
 * started by somebody else it runs as them, which `undefined` says.
 */
export async function databaseUser(): Promise<DatabaseUser | undefined> {
  if (!runsAsRoot()) return undefined
  const known = await lookUp()
  if (known !== undefined) return known
  const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent']
  try {
    await run('useradd', [...options, '--shell', '/usr/sbin/nologin', NAME])
  } catch (cause) {
    throw new StartError(
      `PostgreSQL does not run as root, and a user ${NAME} could not be made. Make one (useradd --system ${NAME}), or start as another user.`,
      { cause },
    )
  }
  return lookUp()
}

async function lookUp(): Promise<DatabaseUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

/** Can PostgreSQL's user enter the directory? */
export async function mayEnter(directory: string): Promise<boolean> {
  if (!runsAsRoot()) return true
  const { uid, gid } = (await lookUp()) ?? { uid: NOBODY, gid: NOBODY }
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { uid, gid, stdio: 'ignore', cwd: '/' }).status === 0
}
