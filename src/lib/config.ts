import { z } from 'zod'
import {
  DAY,
  type Environment,
  flag,
  list,
  MEBIBYTE,
  MINUTE,
  SECOND,
  url,
  webUrl,
  wholeNumber,
} from './config-fields.ts'
import { type DeliveryConfig, deliveryConfig, deliveryProblems, deliveryVariables } from './delivery-config.ts'
import { type RetentionConfig, retentionConfig, retentionProblems, retentionVariables } from './retention-config.ts'

export type Role = 'all' | 'gateway' | 'worker'

/** Thrown when the environment does not make a configuration; `problems` names every one of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`)
    this.problems = problems
  }
}

const postgresUrl = url(/^postgres(ql)?$/, 'postgres://user:password@host:5432/database')
const origin = z.string().refine((text) => URL.parse(text)?.origin === text, {
  error: ({ input }) => `${String(input)} must be an origin, such as https://app.example.com`,
})
const secret = z.string().min(32, 'must have at least 32 characters')
const natsUrls = z
  .array(z.string().regex(/^(nats|tls|ws|wss):\/\/|^[\w.[\]:-]+$/, 'must be a list of nats:// URLs'))
  .min(1)

/**
 * Every variable that Taskwire reads; the README's table has a line for each. Nothing else reads `process.env`.
 * A variable that is set to the empty string counts as absent.
 */
const environment = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('production'),
  ROLE: z.enum(['all', 'gateway', 'worker']).default('all'),

  DATABASE_URL: postgresUrl,
  DATABASE_MIGRATION_URL: postgresUrl.optional(),
  DATABASE_POOL_SIZE: wholeNumber(2, 1_000).default(20),
  DATABASE_STATEMENT_TIMEOUT_MS: wholeNumber(100, 10 * MINUTE).default(15 * SECOND),

  NATS_URL: list.pipe(natsUrls),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  NATS_TOKEN: z.string().optional(),
  NATS_CREDS_FILE: z.string().optional(),
  NATS_TLS_CA_FILE: z.string().optional(),
  NATS_TLS_CERT_FILE: z.string().optional(),
  NATS_TLS_KEY_FILE: z.string().optional(),
  NATS_REPLICAS: wholeNumber(1, 5).default(1),
  EVENTS_MAX_BYTES: wholeNumber(MEBIBYTE, Number.MAX_SAFE_INTEGER).default(8_192 * MEBIBYTE),

  AUTH_SECRET: secret.optional(),
  AUTH_JWKS_URL: webUrl.optional(),
  AUTH_ALGORITHMS: list.optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  CURSOR_SECRET: secret.optional(),

  HOST: z.string().default('0.0.0.0'),
  PORT: wholeNumber(0, 65_535).default(4000),
  PUBLIC_URL: webUrl.optional(),
  CORS_ORIGINS: list.pipe(z.array(origin)).default([]),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  DASHBOARD: flag.default(true),
  GRAPHIQL: flag.optional(),
  INTROSPECTION: flag.optional(),

  MAX_BODY_BYTES: wholeNumber(1_024, 64 * MEBIBYTE).default(MEBIBYTE),
  MAX_QUERY_TOKENS: wholeNumber(10, 100_000).default(2_000),
  MAX_QUERY_DEPTH: wholeNumber(2, 100).default(15),
  MAX_QUERY_ALIASES: wholeNumber(0, 10_000).default(30),
  MAX_QUERY_COMPLEXITY: wholeNumber(10, 10_000_000).default(20_000),
  MAX_SOCKETS_PER_USER: wholeNumber(1, 1_000_000).default(100),
  MAX_SUBSCRIPTIONS_PER_USER: wholeNumber(1, 1_000_000).default(200),
  MAX_OPERATIONS_PER_SOCKET: wholeNumber(1, 1_000_000).default(100),
  ...deliveryVariables,
  ...retentionVariables,
  SHUTDOWN_DELAY_MS: wholeNumber(0, 10 * MINUTE).default(5 * SECOND),
  SHUTDOWN_GRACE_MS: wholeNumber(0, 10 * MINUTE).default(20 * SECOND),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional(),
})

const SHARED_SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512']
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** What has to fit together, looked at even where single variables are wrong, so that nobody has to ask twice. */
function problemsBetween(env: Environment): readonly string[] {
  const problems: string[] = []
  const algorithms = env.AUTH_JWKS_URL === undefined ? SHARED_SECRET_ALGORITHMS : PUBLIC_KEY_ALGORITHMS
  if (env.AUTH_SECRET === undefined && env.AUTH_JWKS_URL === undefined)
    problems.push('AUTH_SECRET: must be set, or AUTH_JWKS_URL: without one nobody can be known')
  if (env.AUTH_SECRET !== undefined && env.AUTH_JWKS_URL !== undefined)
    problems.push('AUTH_JWKS_URL: is not possible together with AUTH_SECRET: tokens have one source')
  if (env.AUTH_JWKS_URL !== undefined && env.CURSOR_SECRET === undefined)
    problems.push('CURSOR_SECRET: must be set with AUTH_JWKS_URL: it signs the cursors, the same for every process')
  for (const algorithm of list.parse(env.AUTH_ALGORITHMS ?? ''))
    if (!algorithms.includes(algorithm))
      problems.push(`AUTH_ALGORITHMS: ${algorithm} is none of ${algorithms.join(', ')}`)
  if ((env.NATS_USER === undefined) !== (env.NATS_PASSWORD === undefined))
    problems.push('NATS_USER: and NATS_PASSWORD go together')
  if ((env.NATS_TLS_CERT_FILE === undefined) !== (env.NATS_TLS_KEY_FILE === undefined))
    problems.push('NATS_TLS_CERT_FILE: and NATS_TLS_KEY_FILE go together')
  return [...problems, ...deliveryProblems(env), ...retentionProblems(env)]
}

export interface Config {
  readonly environment: 'development' | 'production' | 'test'
  readonly role: Role
  readonly database: {
    readonly url: string
    /** The owner's login, which alone may change the schema. */
    readonly migrationUrl: string
    readonly poolSize: number
    readonly statementTimeoutMs: number
  }
  readonly nats: {
    readonly servers: readonly string[]
    readonly user: string | undefined
    readonly password: string | undefined
    readonly token: string | undefined
    readonly credsFile: string | undefined
    readonly tlsCaFile: string | undefined
    readonly tlsCertFile: string | undefined
    readonly tlsKeyFile: string | undefined
    readonly replicas: number
    readonly maxAgeMs: number
    readonly maxBytes: number
  }
  readonly auth: {
    readonly secret: string | undefined
    readonly jwksUrl: string | undefined
    readonly algorithms: readonly string[]
    readonly issuer: string | undefined
    readonly audience: string | undefined
  }
  /** Signs the cursors, and the notices to the relay; every process of one deployment has the same. */
  readonly cursorSecret: string
  readonly http: {
    readonly host: string
    readonly port: number
    /** Without a slash at the end. */
    readonly publicUrl: string
    readonly corsOrigins: readonly string[]
    readonly dashboard: boolean
    readonly graphiql: boolean
    readonly introspection: boolean
    readonly maxBodyBytes: number
    readonly shutdownDelayMs: number
    readonly shutdownGraceMs: number
  }
  readonly limits: {
    readonly tokens: number
    readonly depth: number
    readonly aliases: number
    readonly complexity: number
    /** These three hold in each process by itself. */
    readonly socketsPerUser: number
    readonly subscriptionsPerUser: number
    readonly operationsPerSocket: number
  }
  readonly delivery: DeliveryConfig
  readonly retention: RetentionConfig
  readonly logLevel: string
  /** Where traces go; without one nothing is traced. */
  readonly otlpEndpoint: string | undefined
}

/**
 * The configuration that an environment asks for: a pure function of the record it is given.
 *
 * @throws ConfigError with every problem at once
 */
export function loadConfig(env: Environment): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(present, {
    error: ({ input }) => (input === undefined ? 'must be set' : undefined),
  })
  const issues = parsed.error?.issues.map(({ path, message }) => `${path[0]?.toString() ?? ''}: ${message}`) ?? []
  const problems = [...issues, ...problemsBetween(present)]
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  const e = parsed.data
  const exposed = e.NODE_ENV !== 'production'
  return {
    environment: e.NODE_ENV,
    role: e.ROLE,
    database: {
      url: e.DATABASE_URL,
      migrationUrl: e.DATABASE_MIGRATION_URL ?? e.DATABASE_URL,
      poolSize: e.DATABASE_POOL_SIZE,
      statementTimeoutMs: e.DATABASE_STATEMENT_TIMEOUT_MS,
    },
    nats: {
      servers: e.NATS_URL,
      user: e.NATS_USER,
      password: e.NATS_PASSWORD,
      token: e.NATS_TOKEN,
      credsFile: e.NATS_CREDS_FILE,
      tlsCaFile: e.NATS_TLS_CA_FILE,
      tlsCertFile: e.NATS_TLS_CERT_FILE,
      tlsKeyFile: e.NATS_TLS_KEY_FILE,
      replicas: e.NATS_REPLICAS,
      maxAgeMs: e.EVENTS_MAX_AGE_DAYS * DAY,
      maxBytes: e.EVENTS_MAX_BYTES,
    },
    auth: {
      secret: e.AUTH_SECRET,
      jwksUrl: e.AUTH_JWKS_URL,
      algorithms: e.AUTH_ALGORITHMS ?? (e.AUTH_JWKS_URL === undefined ? ['HS256'] : ['EdDSA', 'ES256', 'RS256']),
      issuer: e.AUTH_ISSUER,
      audience: e.AUTH_AUDIENCE,
    },
    cursorSecret: e.CURSOR_SECRET ?? e.AUTH_SECRET ?? '',
    http: {
      host: e.HOST,
      port: e.PORT,
      publicUrl: (e.PUBLIC_URL ?? `http://localhost:${e.PORT}`).replace(/\/+$/, ''),
      corsOrigins: e.CORS_ORIGINS,
      dashboard: e.DASHBOARD,
      graphiql: e.GRAPHIQL ?? exposed,
      introspection: e.INTROSPECTION ?? exposed,
      maxBodyBytes: e.MAX_BODY_BYTES,
      shutdownDelayMs: e.SHUTDOWN_DELAY_MS,
      shutdownGraceMs: e.SHUTDOWN_GRACE_MS,
    },
    limits: {
      tokens: e.MAX_QUERY_TOKENS,
      depth: e.MAX_QUERY_DEPTH,
      aliases: e.MAX_QUERY_ALIASES,
      complexity: e.MAX_QUERY_COMPLEXITY,
      socketsPerUser: e.MAX_SOCKETS_PER_USER,
      subscriptionsPerUser: e.MAX_SUBSCRIPTIONS_PER_USER,
      operationsPerSocket: e.MAX_OPERATIONS_PER_SOCKET,
    },
    delivery: deliveryConfig(e),
    retention: retentionConfig(e),
    logLevel: e.LOG_LEVEL,
    otlpEndpoint: e.OTEL_EXPORTER_OTLP_ENDPOINT,
  }
}
