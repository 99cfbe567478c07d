import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../dev/free-port.ts'
import type { GuardedProcess } from '../../dev/guarded-process.ts'
import { startNatsServer } from '../../dev/nats.ts'

export interface NatsServerOptions {
  /** Of a member of a cluster, which others know it by over its restarts. */
  readonly name?: string
  /** More for the command line, for example `['-c', file]`. */
  readonly args?: readonly string[]
}

/** A nats-server of a test's own: the real program on a port of its own, with JetStream in a directory of its own. */
export interface TestNats extends AsyncDisposable {
  /** Stays the same over stops and starts. */
  readonly url: string
  readonly port: number
  /** JetStream's data: may be copied, replaced or emptied while the server is stopped. It exists over restarts. */
  readonly storeDir: string
  readonly running: boolean
  /** Stops the server and waits for its end. SIGTERM closes orderly, SIGKILL is a crash. Stopped twice is fine. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again, on the same port and data; resolves when it takes connections. Started twice is fine. */
  start(): Promise<void>
  /** Freezes the server: its connections stay open and nothing answers. */
  pause(): void
  resume(): void
  /** The last of what the server wrote. */
  readonly output: string
}

/** Where `npm test` has found nats-server. */
function binary(): string {
  return process.env.NATS_SERVER_BIN ?? 'nats-server'
}

/** Starts a nats-server; it takes connections when this resolves. */
export async function startNats(options: NatsServerOptions = {}): Promise<TestNats> {
  const storeDir = await mkdtemp(join(tmpdir(), 'taskwire-nats-'))
  const launch = (onPort: number) => startNatsServer({ binary: binary(), port: onPort, storeDir, ...options })

  const { port, first } = await launchOnFreePort(launch).catch(async (error) => {
    await rm(storeDir, { recursive: true, force: true })
    throw error
  })
  let server: GuardedProcess | undefined = first
  let last = first

  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    get running() {
      return last.running
    },
    get output() {
      return last.output
    },
    async stop(signal = 'SIGTERM') {
      const stopping = server
      server = undefined
      await stopping?.stop(signal)
    },
    async start() {
      if (server?.running) return
      server = await launch(port)
      last = server
    },
    pause() {
      server?.signal('SIGSTOP')
    },
    resume() {
      server?.signal('SIGCONT')
    },
    async [Symbol.asyncDispose]() {
      await server?.stop('SIGKILL')
      server = undefined
      await rm(storeDir, { recursive: true, force: true })
    },
  }
}

/** A second try, on another port, is for another test file that took the port between the look and the start. */
async function launchOnFreePort(
  launch: (port: number) => Promise<GuardedProcess>,
): Promise<{ port: number; first: GuardedProcess }> {
  const port = await freePort()
  try {
    return { port, first: await launch(port) }
  } catch {
    const other = await freePort()
    return { port: other, first: await launch(other) }
  }
}
