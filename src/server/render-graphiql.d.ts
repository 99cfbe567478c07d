/** The parts of @graphql-yoga/render-graphiql's page; it exports them, and has no types for them. */
declare module '@graphql-yoga/render-graphiql/graphiql' {
  export const js: string
  export const css: string
  export const editorWorkerService: string
  export const jsonWorker: string
  export const graphqlWorker: string
}
