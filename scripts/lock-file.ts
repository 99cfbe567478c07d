import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const entry = z.looseObject({
  version: z.string().optional(),
  resolved: z.string().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
})

const lockFile = z.looseObject({ packages: z.record(z.string(), entry) })

export type LockFile = z.infer<typeof lockFile>

/** An optional dependency that the lock file has no entry for. */
export interface Missing {
  readonly name: string
  readonly version: string
  /** Whether what asks for it is only needed by developers. */
  readonly dev: boolean
}

export const LOCK_FILE = join(import.meta.dirname, '..', 'package-lock.json')

/** With its keys in npm's order, so that it can be written again. */
export async function readLockFile(): Promise<LockFile> {
  const content: unknown = JSON.parse(await readFile(LOCK_FILE, 'utf8'))
  if (!isLockFile(content)) throw new Error(`${LOCK_FILE} is no lock file of npm`)
  return content
}

function isLockFile(content: unknown): content is LockFile {
  return lockFile.safeParse(content).success
}

/**
 * npm leaves an optional package for another platform out of the lock file where the registry it asked did not have it,
 * and `npm ci` then refuses the lock file everywhere.
 */
export function missingOptionals(lock: LockFile): readonly Missing[] {
  const missing = new Map<string, Missing>()
  for (const [path, { optionalDependencies = {}, dev = false }] of Object.entries(lock.packages))
    for (const [name, version] of Object.entries(optionalDependencies))
      if (!candidates(path, name).some((place) => place in lock.packages)) missing.set(name, { name, version, dev })
  return [...missing.values()]
}

/** Where a package that `path` asks for may be, by Node's rules: beside it, then further and further out. */
function candidates(path: string, name: string): readonly string[] {
  const steps = path.split('node_modules/')
  return steps.map((_, out) => join(steps.slice(0, steps.length - out).join('node_modules/'), 'node_modules', name))
}
