import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { takeFromDebian } from './debian-package.mjs'
import { cacheDirectories } from './paths.mjs'
import { capture, Problem, step } from './progress.mjs'

/** Consumers can be reset since then. */
const OLDEST = { major: 2, minor: 14 }
const RELEASE = '2.14.5'
const ARCHIVES = new Map([
  ['linux-x64', { name: 'linux-amd64', sha256: '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355' }],
  ['linux-arm64', { name: 'linux-arm64', sha256: '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c' }],
])
const CONNECT_WITHIN_MS = 5_000
const DOWNLOAD_WITHIN_MS = 180_000

/**
 * The nats-server program to use, new enough: the one `NATS_SERVER_BIN` names, one on PATH, the one fetched before, or
 * one fetched now, from the official release or from Debian.
 *
 * @returns {Promise<string>} its path
 * @throws {Problem} that names every way there is
 */
export async function findNatsServer() {
  const named = process.env.NATS_SERVER_BIN
  if (named !== undefined && named !== '') {
    if (await isNewEnough(named)) return named
    throw new Problem(`NATS_SERVER_BIN: ${named} is no nats-server of ${OLDEST.major}.${OLDEST.minor} or newer.`)
  }
  for (const directory of (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const candidate = join(directory, 'nats-server')
    if (await isNewEnough(candidate)) return candidate
  }
  for (const cache of cacheDirectories()) {
    const candidate = join(cache, 'nats-server')
    if (await isNewEnough(candidate)) return candidate
  }
  const directory = await makeWorkDirectory()
  const kept = join(directory, '..', 'nats-server')
  await step('Fetching nats-server (once)', () => fetchTo(directory, kept))
  return kept
}

/** A new directory in the first cache that can be written to. */
async function makeWorkDirectory() {
  let problem
  for (const cache of cacheDirectories())
    try {
      await mkdir(cache, { recursive: true })
      return await mkdtemp(join(cache, 'fetching-'))
    } catch (error) {
      problem = error
    }
  throw problem
}

/**
 * @param {string} directory to work in; it is removed
 * @param {string} kept
 */
async function fetchTo(directory, kept) {
  const program = join(directory, 'nats-server')
  try {
    const release = await attempt(() => takeRelease(directory))
    if (release !== undefined) {
      const debian = await attempt(() =>
        takeFromDebian({ name: 'nats-server', program: 'usr/sbin/nats-server', to: program, suits: isNewEnough }),
      )
      if (debian !== undefined) throw new Problem(noneFound(release, debian))
    }
    await chmod(program, 0o755)
    if (!(await isNewEnough(program))) throw new Problem(`The nats-server that was fetched does not run: ${program}`)
    await rename(program, kept)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/**
 * The official release, checked against the SHA-256 that is pinned here.
 *
 * @param {string} directory
 */
async function takeRelease(directory) {
  const archive = ARCHIVES.get(`${process.platform}-${process.arch}`)
  if (archive === undefined) throw new Error(`no archive is pinned for ${process.platform} on ${process.arch}`)
  const name = `nats-server-v${RELEASE}-${archive.name}`
  const url = `https://github.com/nats-io/nats-server/releases/download/v${RELEASE}/${name}.tar.gz`
  const content = await download(url)
  const sha256 = createHash('sha256').update(content).digest('hex')
  if (sha256 !== archive.sha256) throw new Error(`${url} has the SHA-256 ${sha256} and not ${archive.sha256}`)
  const file = join(directory, 'release.tar.gz')
  await writeFile(file, content)
  await capture('tar', ['-xzf', file, '-C', directory, '--strip-components=1', `${name}/nats-server`])
}

/** @param {string} url */
async function download(url) {
  const controller = new AbortController()
  let timer = setTimeout(() => controller.abort(), CONNECT_WITHIN_MS)
  try {
    const response = await fetch(url, { signal: controller.signal })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    clearTimeout(timer)
    timer = setTimeout(() => controller.abort(), DOWNLOAD_WITHIN_MS)
    return Buffer.from(await response.arrayBuffer())
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/**
 * @param {() => Promise<void>} way
 * @returns {Promise<string | undefined>} why it did not work
 */
async function attempt(way) {
  try {
    await way()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** @param {string} program */
async function isNewEnough(program) {
  const text = await capture(program, ['--version']).catch(() => '')
  const [, major, minor] = /^nats-server: v(\d+)\.(\d+)\./.exec(text) ?? []
  if (major === undefined || minor === undefined) return false
  return Number(major) > OLDEST.major || (Number(major) === OLDEST.major && Number(minor) >= OLDEST.minor)
}

/**
 * @param {string} release why the release was not to be had
 * @param {string} debian why Debian's package was not
 */
function noneFound(release, debian) {
  const indented = (/** @type {string} */ text) => text.replaceAll('\n', '\n       ')
  return `No nats-server of ${OLDEST.major}.${OLDEST.minor} or newer was found. There are four ways to have one:
  1. set NATS_SERVER_BIN to the path of one
  2. put one on PATH
  3. let this fetch the official release, which failed:
       ${indented(release)}
  4. let this take it from Debian's package, which failed:
       ${indented(debian)}`
}
