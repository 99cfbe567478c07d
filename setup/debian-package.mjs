import { access, chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture } from './progress.mjs'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const DEFAULT_MIRROR = 'http://deb.debian.org/debian'
const SUITES = ['testing', 'unstable']

/**
 * Takes one program out of Debian's package of it, without installing anything and without root: apt keeps its lists in
 * a directory of ours and checks the signatures with Debian's keyring as ever; the package is only unpacked.
 *
 * @param {{ name: string, program: string, to: string, suits: (program: string) => Promise<boolean> }} wanted
 *   `program`: its path in the package; `suits`: asked before it is kept
 * @throws {Error} that says why no suite had it
 */
export async function takeFromDebian({ name, program, to, suits }) {
  if (process.platform !== 'linux') throw new Error('this is not Debian')
  await access(KEYRING).catch(() => {
    throw new Error(`this is not Debian: there is no ${KEYRING}`)
  })
  const reasons = []
  for (const mirror of await mirrors())
    for (const suite of SUITES) {
      // Readable for all: apt, started as root, downloads as a user of its own.
      const directory = await mkdtemp(join(tmpdir(), 'taskwire-apt-'))
      try {
        const unpacked = await download(directory, { mirror, suite, name })
        if (await suits(join(unpacked, program))) return await copyFile(join(unpacked, program), to)
        reasons.push(`${suite} has one that is too old`)
      } catch (error) {
        reasons.push(`${suite} of ${mirror}: ${error instanceof Error ? error.message : String(error)}`)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    }
  throw new Error(reasons.join('\n'))
}

/**
 * @param {string} directory
 * @param {{ mirror: string, suite: string, name: string }} from
 * @returns {Promise<string>} where the package is unpacked
 */
async function download(directory, { mirror, suite, name }) {
  const at = (/** @type {string[]} */ ...parts) => join(directory, ...parts)
  await chmod(directory, 0o755)
  for (const parts of [['lists', 'partial'], ['archives', 'partial'], ['sources'], ['package']])
    await mkdir(at(...parts), { recursive: true })
  await writeFile(at('status'), '')
  await writeFile(
    at('sources', 'debian.sources'),
    `Types: deb\nURIs: ${mirror}\nSuites: ${suite}\nComponents: main\nTargets: Packages\nSigned-By: ${KEYRING}\n`,
  )
  const options = {
    'Dir::State': directory,
    'Dir::State::status': at('status'),
    'Dir::State::lists': at('lists'),
    'Dir::Cache': directory,
    'Dir::Cache::archives': at('archives'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': at('sources'),
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Acquire::Languages': 'none',
    'Acquire::http::Timeout': '20',
    'Acquire::AllowInsecureRepositories': 'false',
    'APT::Get::AllowUnauthenticated': 'false',
  }
  const aptGet = (/** @type {string[]} */ ...args) =>
    capture(
      'apt-get',
      [...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]), '-q', ...args],
      {
        cwd: at('package'),
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      },
    )
  await aptGet('update', '--error-on=any')
  await aptGet('download', name)
  const archive = (await readdir(at('package'))).find((file) => file.endsWith('.deb'))
  if (archive === undefined) throw new Error(`apt-get download left no package of ${name}`)
  await capture('dpkg', ['-x', at('package', archive), at('unpacked')])
  return at('unpacked')
}

/** The mirrors that this machine takes Debian itself from, then Debian's own. */
async function mirrors() {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(await readFile('/etc/os-release', 'utf8').catch(() => ''))?.[1]
  const targets = await capture('apt-get', ['indextargets', '--format', '$(RELEASE) $(COMPONENT) $(REPO_URI)']).catch(
    () => '',
  )
  const own = targets
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([suite, component, uri]) => suite === release && component === 'main' && /\/debian\/?$/.test(uri ?? ''))
    .map(([, , uri = '']) => uri.replace(/\/$/, ''))
  return new Set([...own, DEFAULT_MIRROR])
}
