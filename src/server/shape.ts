import { type DocumentNode, type GraphQLError, Kind, type SelectionNode, type SelectionSetNode } from 'graphql'
import type { Config } from '../lib/config.ts'
import { tooComplex } from './limits.ts'

/** What can be counted of a document before it is validated, without its schema and its variables. */
export interface DocumentShape {
  /** A fragment spreads itself, through others or not. */
  readonly cyclic: boolean
  /** How the operations exceed the limits. */
  readonly errors: readonly GraphQLError[]
}

interface Shape {
  readonly depth: number
  readonly aliases: number
}

const NOTHING: Shape = { depth: 0, aliases: 0 }

/**
 * How deep the fields of each operation lie, and how many of them are aliased, a fragment counted wherever it is spread.
 * It stands before validation, which takes its stack from the depth of what it is given, and all of it from a cycle.
 * Introspection is not counted as depth: graphql-js has a rule of its own for it, and what tools send is deep.
 */
export function shapeOf(document: DocumentNode, limits: Pick<Config['limits'], 'depth' | 'aliases'>): DocumentShape {
  const reader = new ShapeReader(document)
  const errors: GraphQLError[] = []
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const { depth, aliases } = reader.ofSet(definition.selectionSet)
    if (depth > limits.depth) errors.push(tooComplex('depth', depth, limits.depth))
    if (aliases > limits.aliases) errors.push(tooComplex('aliases', aliases, limits.aliases))
  }
  return { cyclic: reader.hasCycle(), errors }
}

class ShapeReader {
  readonly #fragments = new Map<string, SelectionSetNode>()
  readonly #known = new Map<string, Shape>()
  readonly #reading = new Set<string>()
  #cyclic = false

  constructor(document: DocumentNode) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#fragments.set(definition.name.value, definition.selectionSet)
  }

  /** Reads the fragments that no operation spreads, too. */
  hasCycle(): boolean {
    for (const name of this.#fragments.keys()) this.#ofFragment(name)
    return this.#cyclic
  }

  ofSet({ selections }: SelectionSetNode): Shape {
    let depth = 0
    let aliases = 0
    for (const selection of selections) {
      const inner = this.#ofSelection(selection)
      depth = Math.max(depth, inner.depth)
      aliases += inner.aliases
    }
    return { depth, aliases }
  }

  #ofSelection(selection: SelectionNode): Shape {
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.ofSet(selection.selectionSet)
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.#ofFragment(selection.name.value)
    const inner = selection.selectionSet === undefined ? NOTHING : this.ofSet(selection.selectionSet)
    return {
      depth: selection.name.value.startsWith('__') ? 1 : inner.depth + 1,
      aliases: inner.aliases + (selection.alias === undefined ? 0 : 1),
    }
  }

  /** Each is read once, however often it is spread. */
  #ofFragment(name: string): Shape {
    const known = this.#known.get(name)
    const fragment = this.#fragments.get(name)
    if (this.#reading.has(name)) this.#cyclic = true
    if (known !== undefined || fragment === undefined || this.#reading.has(name)) return known ?? NOTHING
    this.#reading.add(name)
    const shape = this.ofSet(fragment)
    this.#reading.delete(name)
    this.#known.set(name, shape)
    return shape
  }
}
