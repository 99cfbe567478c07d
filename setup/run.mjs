// Sets up what is missing, then runs a program under the project's own Node: `node setup/run.mjs [options] program args`.
//
//   --nats         the program needs nats-server, too; its path is then in NATS_SERVER_BIN
//   --without-dev  the program runs without development dependencies, as in a deployment
//
// Without a program it only sets up. Plain JavaScript for an older Node without dependencies: it comes before them.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { ensureDependencies } from './dependencies.mjs'
import { findNatsServer } from './nats-server.mjs'
import { codeOf } from './one-at-a-time.mjs'
import { COMPILE_CACHE } from './paths.mjs'
import { Problem, say } from './progress.mjs'

const LOOK_FOR_PARENT_EVERY_MS = 500
const SHELLS = new Set(['sh', 'dash', 'bash', 'ash', 'zsh'])
const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

try {
  const args = process.argv.slice(2)
  const options = new Set()
  while (args[0] === '--nats' || args[0] === '--without-dev') options.add(args.shift())
  const node = await ensureDependencies({ withoutDevelopment: options.has('--without-dev') })
  if (options.has('--nats')) process.env.NATS_SERVER_BIN = await findNatsServer()
  process.exitCode = args.length === 0 ? 0 : await run(node, args)
} catch (error) {
  const known = error instanceof Problem || codeOf(error) !== undefined
  say(error instanceof Error ? `\n${known ? error.message : error.stack}` : String(error))
  process.exitCode = 1
}

/**
 * @param {string} node
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
function run(node, args) {
  const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, TASKWIRE_SUPERVISED: '1' }
  const child = spawn(node, args, { stdio: 'inherit', env })
  const watch = stopWithNpm(() => child.kill('SIGTERM'))
  for (const signal of FORWARDED)
    process.on(signal, () => {
      clearInterval(watch)
      // A terminal's Ctrl-C reaches the program by itself.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

/**
 * npm passes signals on, but not its own sudden death.
 *
 * @param {() => void} stop
 * @returns {NodeJS.Timeout | undefined} what looks for it
 */
function stopWithNpm(stop) {
  if (process.env.npm_lifecycle_event === undefined) return undefined
  const before = ancestry()
  const watch = setInterval(() => {
    if (ancestry() === before) return
    clearInterval(watch)
    stop()
  }, LOOK_FOR_PARENT_EVERY_MS)
  return watch.unref()
}

/** Who started this: npm, or a shell that npm started. Who started npm does not matter. */
function ancestry() {
  const [, name, parent] = /\((.*)\) \S (\d+)/.exec(statusOf(process.ppid)) ?? []
  return [process.ppid, ...(name !== undefined && SHELLS.has(name) ? [parent] : [])].join()
}

/** @param {number} pid */
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return '' // not Linux, or gone
  }
}
