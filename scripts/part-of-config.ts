import { type Config, loadConfig } from '../src/lib/config.ts'

const PREFIXES = { database: ['DATABASE_'], nats: ['NATS_', 'EVENTS_'] }

/** Stands for what the other parts require: a job that migrates needs no secret that signs tokens. */
const UNUSED = {
  DATABASE_URL: 'postgres://unused/unused',
  NATS_URL: 'nats://unused',
  AUTH_SECRET: 'unused'.repeat(8),
}

/**
 * One part of the configuration, from its own variables alone.
 *
 * @throws ConfigError with every problem of that part
 */
export function loadPart<Part extends keyof typeof PREFIXES>(
  part: Part,
  env: Readonly<Record<string, string | undefined>>,
): Config[Part] {
  const isOwn = (name: string) => PREFIXES[part].some((prefix) => name.startsWith(prefix))
  const others = Object.entries(UNUSED).filter(([name]) => !isOwn(name))
  const own = Object.entries(env).filter(([name]) => isOwn(name))
  return loadConfig(Object.fromEntries([...others, ...own]))[part]
}
