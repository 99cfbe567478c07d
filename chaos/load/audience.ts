import { setTimeout as delay } from 'node:timers/promises'
import { Cursors } from '../../src/sync/cursor.ts'
import { eventually } from '../../tests/helpers/eventually.ts'
import { TEST_SECRET } from '../../tests/helpers/options.ts'
import { userToken } from '../../tests/helpers/taskwire.ts'
import type { Ledger } from '../feed/ledger.ts'
import { Listener } from '../feed/listener.ts'
import { differences, mirrorState, serverState } from '../feed/server-state.ts'
import type { ListenerRecord } from '../ledger/listener.ts'
import { Random } from '../random.ts'
import type { LoadOptions } from './protocol.ts'
import { Tail } from './tail.ts'
import type { Writer } from './writer.ts'

/** The types that the mirrors follow: those of the reference client. */
const MIRRORED = ['TASK', 'TAG']
const BEGIN_WITHIN_MS = 120_000
/** After a mark was written. */
const HEARD_WITHIN_MS = 15_000
const SETTLE_WITHIN_MS = 180_000
const SILENCE_MS = 26_000

interface Member {
  readonly userId: string
  readonly name: string
  readonly client: Listener | Tail
  readonly toldAt: number[]
}

type AudienceOptions = Pick<LoadOptions, 'seed' | 'urls' | 'mirrorsPerUser' | 'tailsPerUser' | 'patienceMs'>

/** All clients that follow the feed. */
export class Audience implements AsyncDisposable {
  readonly #members: readonly Member[]
  readonly #url: string

  constructor(options: AudienceOptions, userIds: readonly string[]) {
    const { urls, mirrorsPerUser, tailsPerUser, patienceMs } = options
    const random = new Random(options.seed ^ 0xfeed)
    const common = (userId: string) => ({
      userId,
      urls,
      patienceMs,
      random: new Random(random.between(0, 2 ** 30)),
      // Tokens end at many different times.
      tokenTtl: `${random.between(30, 90)}s`,
    })
    this.#url = urls[0] ?? ''
    this.#members = userIds.flatMap((userId) => [
      ...Array.from({ length: mirrorsPerUser }, (_, index) =>
        join(userId, `mirror ${index}`, new Listener(common(userId))),
      ),
      ...Array.from({ length: tailsPerUser }, (_, index) =>
        join(userId, `tail ${index}`, new Tail({ ...common(userId), silenceMs: SILENCE_MS })),
      ),
    ])
  }

  /** Resolves when each follows the feed. */
  async begun(): Promise<void> {
    const begun = ({ client }: Member) => (client instanceof Tail ? client.begun : client.mirror.fullReads > 0)
    await eventually(() => this.#members.every(begun), { withinMs: BEGIN_WITHIN_MS })
  }

  /** Waits until the clients of a user have heard of a last write, and says what became of them. */
  async settle(writer: Writer): Promise<ListenerRecord[]> {
    const { userId } = writer
    const own = this.#members.filter((member) => member.userId === userId)
    const late = new Set(own)
    for (const deadline = Date.now() + SETTLE_WITHIN_MS; late.size > 0 && Date.now() < deadline; ) {
      // What was just read afresh may be ahead of its events: only one that comes as an event shows that it is in step.
      const mark = await writer.mark()
      if (mark === undefined) break
      const heard = () => [...late].every(({ client }) => client.ledger.heard(mark.eventId))
      await eventually(heard, { withinMs: HEARD_WITHIN_MS }).catch(() => false)
      for (const member of late) if (member.client.ledger.heard(mark.eventId)) late.delete(member)
    }
    return Promise.all(own.map((member) => this.#recordOf(member, !late.has(member))))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map(({ client }) => client[Symbol.asyncDispose]()))
  }

  async #recordOf({ userId, name, client, toldAt }: Member, inStep: boolean): Promise<ListenerRecord> {
    const different = client instanceof Listener ? await this.#differences(userId, client) : []
    const { ledger } = client
    const { eventIds, resets, connections, problems, recent } = ledger
    return {
      userId,
      name,
      entityTypes: client instanceof Listener ? MIRRORED : null,
      whole: wholeOf(userId, ledger),
      resets,
      connections,
      told: eventIds.length,
      toldAt,
      problems,
      differences: different,
      inStep,
      recent,
    }
  }

  /** What recurs may still be at work: looked at until there are none, for a while. */
  async #differences(userId: string, { mirror }: Listener): Promise<string[]> {
    const token = await userToken(userId)
    let found: string[] = []
    for (let look = 0; look < 20; look += 1) {
      found = differences(await serverState(this.#url, token), mirrorState(mirror))
      if (found.length === 0) break
      await delay(250)
    }
    return found
  }
}

function join(userId: string, name: string, client: Listener | Tail): Member {
  const toldAt: number[] = []
  client.ledger.onEvent = () => toldAt.push(Date.now())
  return { userId, name, client, toldAt }
}

const cursors = new Cursors(TEST_SECRET)

function wholeOf(userId: string, { whole }: Ledger): ListenerRecord['whole'] {
  const after = whole && cursors.read(userId, whole.after)
  return whole === undefined || after === undefined ? null : { after, eventIds: whole.eventIds }
}
