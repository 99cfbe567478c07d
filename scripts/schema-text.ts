import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'

/** The schema as `schema.graphql` has it: sorted, so that only what changed differs. */
export function printed(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

/** Everything without a description: types, fields, arguments, input fields, enum values. The descriptions are the docs. */
export function undescribed(schema: GraphQLSchema): string[] {
  const bare = (name: string, item: { readonly description: string | null | undefined }) =>
    item.description === undefined || item.description === null || item.description.trim() === '' ? [name] : []
  return Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .flatMap((type) => {
      const found = bare(type.name, type)
      if (isEnumType(type))
        return [...found, ...type.getValues().flatMap((value) => bare(`${type.name}.${value.name}`, value))]
      if (isInputObjectType(type))
        return [
          ...found,
          ...Object.values(type.getFields()).flatMap((field) => bare(`${type.name}.${field.name}`, field)),
        ]
      if (isObjectType(type) || isInterfaceType(type))
        return [
          ...found,
          ...Object.values(type.getFields()).flatMap((field) => [
            ...bare(`${type.name}.${field.name}`, field),
            ...field.args.flatMap((arg) => bare(`${type.name}.${field.name}(${arg.name}:)`, arg)),
          ]),
        ]
      return found
    })
}
