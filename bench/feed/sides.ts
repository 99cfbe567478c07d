import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { Child } from '../child.ts'
import { epochOf, type Server, tokensFor, type World } from '../world.ts'
import { FEED } from './document.ts'
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
  const publisher = new Publisher(nats, 'events', epoch)

  /**
   * No outbox knows of what is published here, so a gateway begins to follow the stream before all of that, and would hand
   * to its first subscribers what is left of the scenario before.
   */
  let started = 0
  const startGateway = async (): Promise<Server> => {
    const gateway = await world.taskwire('gateway')
    started += 1
    const group = `herald-${started}`
    await subscribers.ask('open', { group, port: gateway.port, tokens: await tokensFor([group]), document: FEED })
    publisher.publish(group)
    await subscribers.ask('reached', { group, deliveries: 1 })
    await subscribers.ask('close', { group })
    return gateway
  }

  const running = starting.move()
  return {
    world,
    nats,
    subscribers,
    ours: { name: 'ours', start: startGateway, publisher },
    peer: {
      name: 'peer',
      start: () => world.peer('graphql-ws-yoga.ts'),
      publisher: new Publisher(nats, 'peer', epoch),
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

export function userNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `user-${index}`)
}
