import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync, type StringLiteral, Visitor } from 'oxc-parser'

export interface Import {
  /** As it is written; undefined where it is computed. */
  readonly specifier: string | undefined
  /** The file it leads to, from the root on; undefined for a package. One outside of the root begins with `../`. */
  readonly target: string | undefined
}

/** What the guards of the tree look at in a source file. */
export interface Module {
  /** From the root on, with slashes. */
  readonly path: string
  /** Every import, of types and dynamic ones too, and every re-export. */
  readonly imports: readonly Import[]
  readonly reExports: readonly string[]
  readonly readsEnvironment: boolean
  readonly usesConsole: boolean
}

/** @throws Error where the source does not parse */
export function readModule(path: string, source: string): Module {
  const { program, errors } = parseSync(path, source)
  const [error] = errors
  if (error !== undefined) throw new Error(`${path}: ${error.message}`)
  const imports: Import[] = []
  const reExports: string[] = []
  let readsEnvironment = false
  let usesConsole = false
  const add = (specifier: string | undefined) =>
    imports.push({
      specifier,
      target: specifier?.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined,
    })
  const reExport = (from: StringLiteral | null) => {
    if (from === null) return
    add(from.value)
    reExports.push(from.value)
  }
  new Visitor({
    ImportDeclaration(node) {
      add(node.source.value)
      if (/^(node:)?process$/.test(node.source.value))
        readsEnvironment ||= node.specifiers.some((specifier) => specifier.local.name === 'env')
    },
    ExportAllDeclaration: (node) => reExport(node.source),
    ExportNamedDeclaration: (node) => reExport(node.source),
    ImportExpression(node) {
      add(node.source.type === 'Literal' && typeof node.source.value === 'string' ? node.source.value : undefined)
    },
    TSImportType: (node) => add(node.source.value),
    MemberExpression({ object, property }) {
      if (object.type !== 'Identifier') return
      usesConsole ||= object.name === 'console'
      const name = property.type === 'Identifier' ? property.name : property.type === 'Literal' ? property.value : ''
      readsEnvironment ||= object.name === 'process' && name === 'env'
    },
  }).visit(program)
  return { path, imports, reExports, readsEnvironment, usesConsole }
}

const NOT_OURS = new Set(['node_modules', '.git', '.taskwire'])

/** The files of the project below `folder`, from `root` on, with slashes. */
export function filesUnder(root: string, folder = '.'): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (NOT_OURS.has(entry.name)) return []
    return entry.isDirectory() ? filesUnder(root, path) : [path]
  })
}

export function modulesUnder(root: string, folder: string): Module[] {
  return filesUnder(root, folder)
    .filter((path) => /\.(ts|js)$/.test(path))
    .map((path) => readModule(path, readFileSync(join(root, path), 'utf8')))
}
