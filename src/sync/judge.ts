import { STREAM } from '../events/subjects.ts'
import type { Nats } from '../infra/jetstream.ts'
import type { Position } from './cursor.ts'
import { entryHeaders } from './entry.ts'
import type { FeedPosition } from './feed-position.ts'
import type { ResetReason } from './message.ts'

export interface Judgement {
  /** Why the feed cannot go on from there; undefined where it can. */
  readonly reason: ResetReason | undefined
  /** The stream's last sequence, as its leader says. */
  readonly last: number
}

/**
 * Whether the feed can go on from a cursor of the current epoch, as far as the stream knows.
 *
 * @param readRecord asked only where the cursor lies past the stream's end
 */
export async function judge(
  { jsm }: Nats,
  cursor: Position,
  readRecord: () => Promise<FeedPosition>,
): Promise<Judgement> {
  const [{ state }, marked] = await Promise.all([
    jsm.streams.info(STREAM),
    cursor.mark === 0 ? null : jsm.streams.getMessage(STREAM, { seq: cursor.sequence }),
  ])
  const last = state.last_seq
  if (cursor.sequence > last) {
    const record = await readRecord()
    // The stream ends before what the record has: it was cut, and the relay will begin a new epoch.
    const cut = record.epoch > cursor.epoch || cursor.sequence <= record.sequence
    return { reason: cut ? 'REBUILT' : 'INVALID', last }
  }
  if (state.first_seq > cursor.sequence + 1) return { reason: 'EXPIRED', last }
  if (marked !== null && entryHeaders(marked.header).mark !== cursor.mark) return { reason: 'REBUILT', last }
  return { reason: undefined, last }
}
