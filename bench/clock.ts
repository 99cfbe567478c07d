import { setTimeout as delay } from 'node:timers/promises'

const NANOSECONDS_PER_MS = 1e6

/** Milliseconds by the machine's monotonic clock, which all processes share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS
}

/** What to add to a time of `monotonicMs` to have one of the wall clock's; `Date` itself has whole milliseconds only. */
export function wallClockOffsetMs(): number {
  const begun = Date.now()
  let now = begun
  while (now === begun) now = Date.now()
  return now - monotonicMs()
}

/** Calls `send` so often a second whether or not the work before is done. */
export async function paced(perSecond: number, count: number, send: (index: number) => void): Promise<void> {
  const begun = monotonicMs()
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.floor(((monotonicMs() - begun) * perSecond) / 1_000) + 1)
    for (; sent < due; sent += 1) send(sent)
    await delay(1)
  }
}
