import { createServer } from 'node:net'

const FIRST = 10_000
const LAST = 29_999
const TRIES = 50

/** Can a server listen on this port of 127.0.0.1 now? */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/**
 * A port that nobody listens on. It lies below the range from which the kernel takes the local ports of outgoing
 * connections: there a client that keeps trying the port of a stopped server can end up connected to itself, and then
 * the server cannot have its port back.
 */
export async function freePort(): Promise<number> {
  for (let i = 0; i < TRIES; i += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (await isFree(port)) return port
  }
  throw new Error(`No free port was found between ${FIRST} and ${LAST}.`)
}
