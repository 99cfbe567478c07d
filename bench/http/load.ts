import autocannon from 'autocannon'
import type { Server } from '../world.ts'

export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Load {
  readonly perSecond: number
  readonly p99Ms: number
  /** Of the server's process, for each request. */
  readonly cpuMicroseconds: number
  readonly answered: number
}

const CONNECTIONS = 32

/**
 * Requests over 32 connections that are kept alive, each sending the next when it has its answer.
 *
 * @throws where an answer is not 200, or is one of GraphQL's with errors
 */
export async function load(server: Server, requests: readonly LoadRequest[], seconds: number): Promise<Load> {
  const before = await server.process.ask('usage')
  const result = await autocannon({
    url: server.url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: requests.map((request) => ({ ...request })),
    verifyBody: (body) => !String(body).includes('"errors"'),
  })
  const after = await server.process.ask('usage')
  if (result.errors + result.timeouts + result.non2xx + result.mismatches > 0)
    throw new Error(
      `Of ${result.requests.total} requests ${result.errors} failed, ${result.timeouts} timed out, ${result.non2xx} were refused, ${result.mismatches} had errors.`,
    )
  return {
    perSecond: result.requests.total / result.duration,
    p99Ms: result.latency.p99,
    cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / result.requests.total,
    answered: result.requests.total,
  }
}
