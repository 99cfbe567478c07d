import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { StartError } from '../src/lib/start-error.ts'
import { GuardedProcess } from './guarded-process.ts'

const READY_WITHIN_MS = 20_000
const RETRY_EVERY_MS = 20
const info = z.object({ server_name: z.string(), jetstream: z.boolean().optional() })

export interface NatsOptions {
  /** The nats-server program. */
  readonly binary: string
  readonly port: number
  /** Tells it from others; a new one each time by default. */
  readonly name?: string
  /** Where JetStream keeps its data. */
  readonly storeDir: string
  /** More for the command line, for example `['-c', file]`. */
  readonly args?: readonly string[]
}

/**
 * A nats-server with JetStream on 127.0.0.1, ready when this resolves.
 *
 * @throws StartError with what the server wrote, where it ends or is not ready within 20 s
 */
export async function startNatsServer(options: NatsOptions): Promise<GuardedProcess> {
  // The name tells our server from another that took the port first.
  const name = options.name ?? `taskwire-${randomUUID()}`
  const server = await GuardedProcess.spawn({
    command: options.binary,
    args: [
      '--addr=127.0.0.1',
      `--port=${options.port}`,
      `--name=${name}`,
      '--jetstream',
      `--store_dir=${options.storeDir}`,
      ...(options.args ?? []),
    ],
    orphanSignal: 'TERM',
  })
  const deadline = Date.now() + READY_WITHIN_MS
  while (server.running && Date.now() < deadline) {
    if (await answersAs(name, options.port)) return server
    await delay(RETRY_EVERY_MS)
  }
  await server.stop('SIGKILL')
  throw new StartError(`nats-server did not start on port ${options.port}. It wrote:\n${server.output}`)
}

/** Reads the INFO line that a nats-server sends to whoever connects. */
function answersAs(name: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    const settle = (ready: boolean) => {
      socket.destroy()
      resolve(ready)
    }
    socket.setTimeout(1_000, () => settle(false))
    socket.setEncoding('utf8')
    socket.on('error', () => settle(false))
    socket.on('close', () => settle(false))
    socket.on('data', (chunk: string) => {
      text += chunk
      const line = /^INFO (.*)\r\n/.exec(text)?.[1]
      if (line === undefined) return
      const parsed = info.safeParse(JSON.parse(line))
      settle(parsed.success && parsed.data.server_name === name && parsed.data.jetstream === true)
    })
  })
}
