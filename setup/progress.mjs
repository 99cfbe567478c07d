// What setting up tells the person who waits: on standard error, so that a program's own output stays clean.

import { spawn } from 'node:child_process'

const STILL_BUSY_EVERY_MS = 10_000
const KEPT_OUTPUT = 4_000

/** Something that the reader can put right: shown without a stack, ends with exit code 1. */
export class Problem extends Error {}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/**
 * Says what is being done, that it still is, and how long it took.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const begun = Date.now()
  const seconds = () => `${Math.round((Date.now() - begun) / 1_000)} s`
  say(`• ${what} …`)
  const heartbeat = setInterval(() => say(`  … ${seconds()}`), STILL_BUSY_EVERY_MS)
  try {
    const result = await work()
    say(`  done in ${seconds()}`)
    return result
  } finally {
    clearInterval(heartbeat)
  }
}

/**
 * Runs a program to its end without showing what it writes.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>} its standard output
 * @throws {Error} with the end of what it wrote, where it fails or is not there
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      all = (all + text).slice(-KEPT_OUTPUT)
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      all = (all + text).slice(-KEPT_OUTPUT)
    })
    child.once('error', (error) => reject(new Error(`${command} cannot be run: ${error.message}`)))
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ended with ${signal ?? code}:\n${all.trim()}`))
    })
  })
}
