import type { ServerResponse } from 'node:http'
import type { Metrics } from '../lib/telemetry.ts'
import type { Readiness } from './readiness.ts'
import { respondJson } from './respond.ts'

/** The process runs and answers. Says nothing of what it depends on: a restart would not help that. */
export function respondLive(response: ServerResponse): void {
  respondJson(response, 200, { status: 'ok' })
}

/** Whether work may be sent here: 503 where a part is not ready, and while the server stops. */
export function respondReady(response: ServerResponse, { ok, checks }: Readiness, draining: boolean): void {
  const status = draining ? 'stopping' : ok ? 'ok' : 'unavailable'
  respondJson(response, status === 'ok' ? 200 : 503, { status, checks })
}

export async function respondMetrics(response: ServerResponse, metrics: Metrics): Promise<void> {
  const text = await metrics.registry.metrics()
  response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text)
}
