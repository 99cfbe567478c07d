import {
  getNullableType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  isLeafType,
  isNonNullType,
  type ValidatedExecutionArgs,
} from 'graphql'
import type { FieldDetailsList, GroupedFieldSet } from 'graphql/execution/collectFields.js'
import { ExecutorThrowingOnIncremental } from 'graphql/execution/ExecutorThrowingOnIncremental.js'
import { addPath, type Path } from 'graphql/jsutils/Path.js'
import { promiseForObject } from 'graphql/jsutils/promiseForObject.js'

/** A field of a selection, by the key that it has in the answer. */
interface Step {
  readonly key: string
  readonly details: FieldDetailsList
  /** What it is in all rows: `__typename` asks for it. */
  readonly constant: string | undefined
  /** The field shows this property of its row, as a scalar or an enum, and takes no arguments. */
  readonly column: Column | undefined
}

interface Column {
  readonly name: string
  readonly type: GraphQLLeafType
  readonly nullable: boolean
}

type Results = Record<string, unknown>

/**
 * graphql-js's own executor, which is the one that answers, with a shorter way for most of what a page of rows consists
 * of: fields that show a column. For each of them graphql-js makes a path, an info and the arguments, which no such field
 * looks at: without them a page costs Node a seventh less. Whatever is not simply a value (an error, a promise, a null where
 * none may be, a value that its type refuses) is left to graphql-js, from the start.
 *
 * A compiler (graphql-jit) would be faster still, and was tried: it puts literals of the document into code, and a
 * string in a query could become code of ours.
 */
export class RowExecutor extends ExecutorThrowingOnIncremental {
  /** A selection is the same object for all rows of a list. */
  readonly #steps = new Map<GroupedFieldSet, readonly Step[]>()

  override executeFields(
    type: GraphQLObjectType,
    row: unknown,
    path: Path | undefined,
    selection: GroupedFieldSet,
  ): Results | Promise<Results> {
    const results = new PlainResults()
    let pending = false
    try {
      for (const { key, details, constant, column } of this.#stepsOf(type, selection)) {
        const result =
          constant ??
          (column && shown(column, row)) ??
          this.executeField(type, row, details, addPath(path, key, type.name), undefined, undefined)
        if (result === undefined) continue
        results[key] = result === NULL ? null : result
        pending ||= result instanceof Promise
      }
    } catch (error) {
      if (pending) this.sharedExecutionContext.asyncWorkTracker.addValues(Object.values(results))
      throw error
    }
    return pending ? promiseForObject(results, this.promiseAll) : results
  }

  /** With a reason: without one each operation makes an exception with a stack, for a signal that no resolver takes. */
  override getFinishSharedExecution(): () => void {
    return () => this.resolverAbortController?.abort('The operation has ended.')
  }

  #stepsOf(type: GraphQLObjectType, selection: GroupedFieldSet): readonly Step[] {
    const known = this.#steps.get(selection)
    if (known !== undefined) return known
    const steps = Array.from(selection, ([key, details]) => ({
      key,
      details,
      constant: details[0]?.node.name.value === '__typename' ? type.name : undefined,
      column: this.#columnOf(type, details),
    }))
    this.#steps.set(selection, steps)
    return steps
  }

  #columnOf(parent: GraphQLObjectType, [first]: FieldDetailsList): Column | undefined {
    const { schema }: ValidatedExecutionArgs = this.validatedExecutionArgs
    const field = first && schema.getField(parent, first.node.name.value)
    const type = field && getNullableType(field.type)
    if (field === undefined || field.args.length > 0 || !isLeafType(type)) return undefined
    // Pothos notes which property a field exposes; what has no resolver shows the one of its own name.
    const { pothosExposedField: exposed } = field.extensions
    const name = typeof exposed === 'string' ? exposed : field.resolve === undefined ? field.name : undefined
    return name === undefined ? undefined : { name, type, nullable: !isNonNullType(field.type) }
  }
}

const NULL = Symbol('null')

/** What the field shows of the row; undefined where graphql-js has to find out. */
function shown({ name, type, nullable }: Column, row: unknown): unknown {
  const value = (row as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  if (value === null || value === undefined) return nullable ? NULL : undefined
  if (typeof value === 'function' || (typeof value === 'object' && !(value instanceof Date))) return undefined
  try {
    return type.coerceOutputValue(value) ?? undefined
  } catch {
    return undefined
  }
}

/**
 * An object without a prototype's properties, as graphql-js makes them: a key may be `__proto__`. Of a class, V8 keeps it
 * as an object; one of `Object.create(null)` it keeps as a dictionary, which costs more to fill, to keep and to write out.
 */
class PlainResults {
  [key: string]: unknown

  static {
    Object.setPrototypeOf(PlainResults.prototype, null)
  }
}
