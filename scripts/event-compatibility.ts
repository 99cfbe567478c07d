import { isDeepStrictEqual } from 'node:util'

type Json = Readonly<Record<string, unknown>>

/** The schemas of a release, by `<type>/v<version>`. */
export type EventSchemas = Readonly<Record<string, Json>>

/**
 * What in these schemas breaks those of a release, for people to read; empty where there are additions alone. Readers on
 * both sides have to go on: programs of the release read what is written now, and programs of now read what was written
 * then. So what was there stays, exactly as it was, and a new field may be absent.
 */
export function breaksOf(released: EventSchemas, now: EventSchemas): string[] {
  return Object.entries(released).flatMap(([name, before]) => {
    const after = now[name]
    if (after === undefined) return [`${name} is gone: its events could not be read any more.`]
    return compare('', whole(before), whole(after)).map((problem) => `${name}: ${problem}`)
  })
}

/** A schema, and the document that its references are resolved in. */
interface Part {
  readonly schema: Json
  readonly root: Json
}

const whole = (root: Json): Part => ({ schema: root, root })

/** @param path the field's, from `data` on; empty for the data itself */
function compare(path: string, before: Part, after: Part): string[] {
  const [was, is] = [normalized(before), normalized(after)]
  const rules = [rulesOf(was), rulesOf(is)] as const
  const [old, young] = [partsOf(path, was, before.root), partsOf(path, is, after.root)]
  return [
    ...(isDeepStrictEqual(...rules) ? [] : [`${path === '' ? 'the data' : path} ${changeOf(...rules)}`]),
    ...[...old].flatMap(([name, { needed, ...part }]) => {
      const now = young.get(name)
      if (now === undefined) return [`${name} was removed.`]
      return [...changeOfNeed(name, needed, now.needed), ...compare(name, part, now)]
    }),
    ...[...young]
      .filter(([name, { needed }]) => needed && !old.has(name))
      .map(([name]) => `${name} is new and has to be there: older events are without it. Make it optional.`),
  ]
}

/** Without a reference, and with «or null» as one of its types, in whichever form it was written. */
function normalized({ schema, root }: Part): Json {
  const { $ref, ...rest } = schema
  if (typeof $ref === 'string') {
    const keys = $ref.split('/').slice(1)
    const target = keys.reduce<Json>((found, key) => objectOf(found[key]), root)
    return normalized({ schema: { ...target, ...rest }, root })
  }
  const [first, second, ...more] = listOf(schema.anyOf).map(objectOf)
  if (first === undefined || second?.type !== 'null' || more.length > 0) return schema
  const value = normalized({ schema: first, root })
  return value.type === undefined ? schema : { ...value, type: [...listOf(value.type), 'null'] }
}

/** The schemas inside a schema, each by its path; `needed` where events cannot be without it. */
function partsOf(path: string, schema: Json, root: Json): Map<string, Part & { readonly needed: boolean }> {
  const required = listOf(schema.required)
  const inner = (name: string, part: unknown, needed: boolean) =>
    [name, { schema: objectOf(part), root, needed }] as const
  const properties = Object.entries(objectOf(schema.properties)).map(([field, part]) =>
    inner(path === '' ? field : `${path}.${field}`, part, required.includes(field)),
  )
  const others = Object.entries(PARTS).flatMap(([word, nameOf]) =>
    isObject(schema[word]) ? [inner(nameOf(path), schema[word], false)] : [],
  )
  const alternatives = ALTERNATIVES.flatMap((word) =>
    listOf(schema[word]).map((part, index) => inner(`${path} (${word} ${index + 1})`, part, false)),
  )
  return new Map([...properties, ...others, ...alternatives])
}

const PARTS = {
  items: (path: string) => `${path}[]`,
  additionalProperties: (path: string) => `${path}.*`,
}
const ALTERNATIVES = ['anyOf', 'oneOf', 'allOf']
/** Words that say nothing about what is valid. */
const ANNOTATIONS = ['$schema', '$id', '$defs', 'title', 'description', 'examples', 'default', 'deprecated']

/** What a schema asks of a value itself, whatever its parts. Of alternatives, how many there are. */
function rulesOf(schema: Json): Json {
  const rules = Object.entries(schema).flatMap(([word, value]) => {
    if (ANNOTATIONS.includes(word) || word === 'properties' || word === 'required') return []
    if (ALTERNATIVES.includes(word)) return [[word, listOf(value).length]]
    if (word in PARTS && isObject(value)) return []
    return [[word, word === 'enum' || word === 'type' ? inOrder(listOf(value)) : value]]
  })
  return Object.fromEntries(rules) as Json
}

function changeOf(before: Json, after: Json): string {
  for (const word of ['enum', 'type'] as const) {
    const [old, young] = [listOf(before[word]), listOf(after[word])]
    if (old.length === 0 || young.length === 0) continue
    const lost = old.filter((value) => !young.includes(value)).join(', ')
    const added = young.filter((value) => !old.includes(value)).join(', ')
    if (lost !== '') return `may not be ${lost} any more, as older events have it.`
    if (added !== '') return `may be ${added} now, which programs of the release take for no event.`
  }
  return `was ${JSON.stringify(before)} and is ${JSON.stringify(after)}.`
}

function changeOfNeed(name: string, was: boolean, is: boolean): string[] {
  if (was === is) return []
  return [
    is
      ? `${name} has to be there now: older events are without it.`
      : `${name} may be absent now: programs of the release need it.`,
  ]
}

const inOrder = (values: readonly unknown[]) => values.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function objectOf(value: unknown): Json {
  return isObject(value) ? value : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}
