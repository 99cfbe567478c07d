import {
  BreakingChangeType,
  buildSchema,
  type DefinitionNode,
  findSchemaChanges,
  type InputValueDefinitionNode,
  Kind,
  parse,
  print,
  printSchema,
} from 'graphql'

export interface ContractReport {
  /** What changed in a way that a client notices; empty where the contract is kept. */
  readonly broken: readonly string[]
  /** What is not there and is not pending: it was lost, or it was never listed. */
  readonly lost: readonly string[]
  /** Pending entries that are there by now, or name nothing in the contract. */
  readonly stale: readonly string[]
  /** What is not there yet. A missing type stands for all of its parts. */
  readonly missing: readonly string[]
  readonly there: number
  readonly all: number
}

/**
 * Holds a schema against the contract, both as SDL. It may add types, fields, and arguments and input fields that are optional; what
 * the contract has and the schema too must be the same, nullability and defaults included: a root field that becomes
 * non-null, for one, takes the answers beside it with it. What is not there yet has to be named in `pending`, so that
 * losing what was there is seen.
 */
export function compareWithContract(contract: string, schema: string, pending: readonly string[]): ContractReport {
  const wanted = partsOf(contract)
  const actual = partsOf(schema)
  const absent = [...wanted.keys()].filter((name) => !actual.has(name))
  const missing = absent.filter((name) => !absent.includes(ownerOf(name)))
  const changed = [...wanted].flatMap(([name, meaning]) => {
    const now = actual.get(name)
    return now === undefined || now === meaning ? [] : [`${name} was «${meaning}» and is «${now}»`]
  })
  const additions = findSchemaChanges(buildSchema(contract), buildSchema(schema))
    .filter((change) => change.type in BreakingChangeType && !SEEN_BY_PARTS.test(change.type))
    .map((change) => change.description)
  return {
    broken: [...changed, ...additions],
    lost: missing.filter((name) => !pending.includes(name)),
    stale: pending.filter((name) => !missing.includes(name)),
    missing,
    there: wanted.size - absent.length,
    all: wanted.size,
  }
}

/** Of graphql's breaking changes those that the comparison of parts finds too, and more strictly. */
const SEEN_BY_PARTS = /^(TYPE|FIELD|ARG|VALUE|IMPLEMENTED_INTERFACE)_(REMOVED|CHANGED_KIND)/

export function isKept(report: ContractReport): boolean {
  return report.broken.length + report.lost.length + report.stale.length === 0
}

/** The missing parts by type, and what is wrong, for people to read. */
export function describeReport(report: ContractReport): string {
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`), '']
  const owners = Map.groupBy(report.missing, ownerOf)
  const types = owners.get('') ?? []
  const members = [...owners].filter(([owner]) => owner !== '').map(([, names]) => names.join(', '))
  return [
    ...section('Not there yet, whole types', types.length === 0 ? [] : [types.join(', ')]),
    ...section('Not there yet, parts of types', members),
    ...section('BROKEN, changed', report.broken),
    ...section('BROKEN, gone and not listed in contract/pending.json', report.lost),
    ...section('WRONG in contract/pending.json, there by now or never in the contract', report.stale),
    `contract: ${isKept(report) ? 'kept' : 'NOT kept'}, ${report.there} of ${report.all} parts there`,
  ].join('\n')
}

/** `Task.tags` and `Task.reminders(first:)` belong to `Task` and `Task.reminders`; a type belongs to nothing. */
function ownerOf(name: string): string {
  return /^(.+?)(?: implements .+| = .+|\(\w+:\)|\.\w+)$/.exec(name)?.[1] ?? ''
}

/** Every part that a client can name or rely on, with all that it means to the client. */
function partsOf(sdl: string): ReadonlyMap<string, string> {
  // Printed anew, so that the same meaning has the same text.
  const { definitions } = parse(printSchema(buildSchema(sdl)))
  return new Map(definitions.flatMap(partsOfDefinition))
}

type Part = readonly [name: string, meaning: string]

function partsOfDefinition(type: DefinitionNode): readonly Part[] {
  switch (type.kind) {
    case Kind.SCALAR_TYPE_DEFINITION:
      return [[type.name.value, 'scalar']]
    case Kind.ENUM_TYPE_DEFINITION:
      return [
        [type.name.value, 'enum'],
        ...(type.values ?? []).map((value): Part => [`${type.name.value}.${value.name.value}`, 'value']),
      ]
    case Kind.UNION_TYPE_DEFINITION:
      return [
        [type.name.value, 'union'],
        ...(type.types ?? []).map((member): Part => [`${type.name.value} = ${member.name.value}`, 'member']),
      ]
    case Kind.INPUT_OBJECT_TYPE_DEFINITION: {
      const oneOf = type.directives?.some((directive) => directive.name.value === 'oneOf') === true
      return [
        [type.name.value, oneOf ? 'input @oneOf' : 'input'],
        ...(type.fields ?? []).map((field): Part => [`${type.name.value}.${field.name.value}`, meaningOf(field)]),
      ]
    }
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION:
      return [
        [type.name.value, type.kind === Kind.OBJECT_TYPE_DEFINITION ? 'type' : 'interface'],
        ...(type.interfaces ?? []).map((parent): Part => [`${type.name.value} implements ${parent.name.value}`, 'yes']),
        ...(type.fields ?? []).flatMap((field): readonly Part[] => {
          const name = `${type.name.value}.${field.name.value}`
          return [
            [name, print(field.type)],
            ...(field.arguments ?? []).map(
              (argument): Part => [`${name}(${argument.name.value}:)`, meaningOf(argument)],
            ),
          ]
        }),
      ]
    default:
      // Directives: findSchemaChanges sees what matters of them. A printed schema holds nothing else.
      return []
  }
}

function meaningOf({ type, defaultValue }: InputValueDefinitionNode): string {
  return defaultValue === undefined ? print(type) : `${print(type)} = ${print(defaultValue)}`
}
