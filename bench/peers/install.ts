import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { StartError } from '../../src/lib/start-error.ts'

const run = promisify(execFile)

/**
 * Installs what a peer needs that Taskwire does not: into the peer's own folder, by its own lock file, once.
 *
 * @throws StartError with what npm wrote
 */
export async function installPeer(name: string): Promise<void> {
  const folder = new URL(`${name}/`, import.meta.url)
  // npm writes it last.
  const installed = await changedAt(new URL('node_modules/.package-lock.json', folder))
  if (installed > (await changedAt(new URL('package-lock.json', folder)))) return
  process.stdout.write(`• Installing the peer ${name}, once …\n`)
  try {
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: fileURLToPath(folder),
    })
  } catch (cause) {
    const told = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause)
    throw new StartError(`The peer ${name} cannot be installed.\n${told}`, { cause })
  }
}

async function changedAt(file: URL): Promise<number> {
  try {
    return (await stat(file)).mtimeMs
  } catch {
    return 0 // not there
  }
}
