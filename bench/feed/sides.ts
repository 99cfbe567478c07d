import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { Child } from '../child.ts'
import { epochOf, type Server, type World } from '../world.ts'
import { Publisher } from './publisher.ts'

/** The two that are compared: a gateway, and a plain graphql-ws and Yoga server. Each with its own events. */
export interface Side {
  readonly name: 'ours' | 'peer'
  start(): Promise<Server>
  readonly publisher: Publisher
}

export const YOGA = 'graphql-ws + Yoga'

/** What every scenario of the feed works with. */
export interface FeedBench extends AsyncDisposable {
  readonly world: World
  readonly nats: NatsConnection
  readonly subscribers: Child
  readonly ours: Side
  readonly peer: Side
}

export async function startFeedBench(world: World): Promise<FeedBench> {
  await using starting = new AsyncDisposableStack()
  const nats = starting.adopt(await connect({ servers: world.natsUrl }), (connection) => connection.close())
  const epoch = await epochOf(world)
  const subscribers = starting.use(world.helper('bench/feed/subscribers.ts'))
  const running = starting.move()
  return {
    world,
    nats,
    subscribers,
    ours: {
      name: 'ours',
      start: () => world.taskwire('gateway'),
      publisher: new Publisher(nats, 'events', epoch),
    },
    peer: {
      name: 'peer',
      start: () => world.peer('graphql-ws-yoga'),
      publisher: new Publisher(nats, 'peer', epoch),
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

export function userNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `user-${index}`)
}
