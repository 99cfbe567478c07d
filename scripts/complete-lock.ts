import { writeFile } from 'node:fs/promises'
import { LOCK_FILE, type Missing, missingOptionals, readLockFile } from './lock-file.ts'

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'win32']
const PROCESSORS = ['arm64', 'x64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x']

/** The entry of a package that no registry was asked about: its name says which platform it is for. */
function entryOf({ name, version, dev }: Missing) {
  const words = name.split(/[-/]/)
  const libc = /musl/.test(name) ? 'musl' : /gnu/.test(name) ? 'glibc' : undefined
  return {
    version,
    cpu: PROCESSORS.filter((processor) => words.includes(processor)),
    ...(dev && { dev }),
    ...(libc !== undefined && { libc: [libc] }),
    optional: true,
    os: SYSTEMS.filter((system) => words.includes(system)),
  }
}

const lock = await readLockFile()
const missing = missingOptionals(lock)
for (const package_ of missing) lock.packages[`node_modules/${package_.name}`] = entryOf(package_)
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en')))
await writeFile(LOCK_FILE, `${JSON.stringify(lock, undefined, 2)}\n`)
process.stdout.write(`${missing.length} entries added to package-lock.json\n`)
