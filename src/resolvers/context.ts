import type { Viewer } from '../auth/viewer.ts'
import type { CommandOrigin, RunCommand } from '../commands/command.ts'
import { TaskwireError } from '../domain/errors.ts'
import type { TaskwireDatabase } from '../entities/tables.ts'
import type { NatsLink } from '../infra/jetstream.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Feed } from '../sync/feed.ts'
import { Reads } from './reads.ts'

/** What resolvers work with, the same for every operation of a process. */
export interface Services {
  readonly database: TaskwireDatabase
  readonly run: RunCommand
  readonly feed: Feed
  /** For what is asked of NATS itself. */
  readonly link: NatsLink
  readonly clock: Clock
  readonly log: Log
}

/** What one operation runs with. Made for each operation, and for each event of a subscription; never shared. */
export interface Context {
  readonly services: Services
  /** undefined where there was no token. */
  readonly viewer: Viewer | undefined
  readonly correlationId: string
  readonly traceparent: string | undefined
  /** Where a subscription is to begin, whatever its arguments say: its client was cut off there. */
  readonly resumeAfter?: string | undefined
  readonly reads: Reads
}

export function createContext(
  services: Services,
  request: Pick<Context, 'viewer' | 'correlationId' | 'traceparent' | 'resumeAfter'>,
): Context {
  return { ...request, services, reads: new Reads(services.database, request.viewer?.userId) }
}

/** @throws TaskwireError UNAUTHENTICATED where there was no token */
export function viewerOf(context: Context): Viewer {
  if (context.viewer === undefined) throw new TaskwireError('UNAUTHENTICATED', 'A bearer token is needed.')
  return context.viewer
}

/** Who a command of this operation runs for. */
export function originOf(context: Context, idempotencyKey?: string | null): CommandOrigin {
  const { userId } = viewerOf(context)
  return {
    userId,
    actorId: userId,
    correlationId: context.correlationId,
    traceparent: context.traceparent,
    idempotencyKey,
  }
}
