import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

export const NODE_MODULES = join(ROOT, 'node_modules')

/** The Node that the dependencies bring along: npm's scripts may be run by an older one. */
export const NODE = join(NODE_MODULES, '.bin', 'node')

/** What Node has compiled already: halves the time that a start takes. Written by programs that end in order. */
export const COMPILE_CACHE = join(NODE_MODULES, '.cache', 'node')

/** Where downloaded programs are kept: for all clones of one person, or in the clone where that cannot be written. */
export function cacheDirectories() {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return [join(base, 'taskwire'), join(ROOT, '.taskwire', 'cache')]
}
