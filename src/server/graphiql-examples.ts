import { readdir, readFile } from 'node:fs/promises'
import { parse, type TypeNode, visit } from 'graphql'
import { newId } from '../lib/ids.ts'

const FOLDER = new URL('./graphiql-examples/', import.meta.url)

const HOUR_MS = 3_600_000
/** Instants that examples ask for by name, in hours from now. */
const HOURS_AHEAD: Readonly<Record<string, number>> = { inAnHour: 1, tonight: 8, tomorrow: 24 }

/** What only the server gives, and who plays puts in: the examples say where from. */
const BY_HAND = 'eventId'

/** A tab that GraphiQL begins with: operations that work at the first click, in the order in which they stand. */
export interface Example {
  /** Of its file. */
  readonly name: string
  readonly query: string
  /**
   * What its operations need: an id of its own for each thing that they make, so that the ones after it know it, and
   * instants by their names. Anew each time, so that no two pages make the same.
   */
  readonly variables: (now: Date) => Readonly<Record<string, string>>
}

/** The examples, in the order of their names. */
export async function readExamples(): Promise<readonly Example[]> {
  const names = (await readdir(FOLDER)).toSorted()
  return await Promise.all(
    names.map(async (name) => {
      const query = await readFile(new URL(name, FOLDER), 'utf8')
      const needed = neededVariables(query)
      const variables = (now: Date) =>
        Object.fromEntries([...needed].map(([variable, type]) => [variable, valueOf(variable, type, now)]))
      return { name, query, variables }
    }),
  )
}

/** The variables without which its operations do not run, with their types. */
function neededVariables(query: string): ReadonlyMap<string, string> {
  const needed = new Map<string, string>()
  visit(parse(query), {
    VariableDefinition({ variable, type }) {
      if (type.kind === 'NonNullType') needed.set(variable.name.value, nameOf(type.type))
    },
  })
  return needed
}

function nameOf(type: TypeNode): string {
  return type.kind === 'NamedType' ? type.name.value : nameOf(type.type)
}

function valueOf(variable: string, type: string, now: Date): string {
  if (variable === BY_HAND) return '…'
  if (type === 'ID') return newId()
  const hours = HOURS_AHEAD[variable]
  if (type !== 'DateTime' || hours === undefined) throw new Error(`Examples know no $${variable} of type ${type}.`)
  return new Date(now.getTime() + hours * HOUR_MS).toISOString()
}
