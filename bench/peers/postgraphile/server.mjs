import { createServer } from 'node:http'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { postgraphile } from 'postgraphile'

// PostGraphile as its documentation sets it up, over the same tables behind the same row-level security.

const { PORT, DATABASE_URL } = process.env
const POOL_SIZE = 20

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: DATABASE_URL,
      poolConfig: { max: POOL_SIZE, options: '-c role=taskwire_app' },
      schemas: ['public'],
    }),
  ],
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false },
  grafast: {
    explain: false,
    context: ({ node }) => ({ pgSettings: { 'taskwire.user_id': String(node?.req.headers['x-user']) } }),
  },
}

const handle = postgraphile(preset).createServ(grafserv).createHandler()
createServer((request, response) => {
  if (request.url === '/health/live') response.end('ok')
  else handle(request, response)
}).listen(Number(PORT), '127.0.0.1')
