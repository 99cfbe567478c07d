import { setTimeout as delay } from 'node:timers/promises'

export interface BatchOptions {
  readonly size: number
  /** How long the first of a batch waits for others. */
  readonly lingerMs: number
}

/**
 * What comes one by one, in batches: what is there already, and what comes within the linger, up to `size`. Whoever owns
 * `items` ends them; breaking off here does not, as it would wait for the next one.
 */
export async function* inBatches<T>(items: AsyncIterable<T>, { size, lingerMs }: BatchOptions): AsyncGenerator<T[]> {
  const iterator = items[Symbol.asyncIterator]()
  const take = () => {
    const taken = iterator.next()
    // It may fail while the batch before it is handled, when nobody looks yet; whoever awaits it is told all the same.
    taken.catch(() => undefined)
    return taken
  }
  let next = take()
  for (;;) {
    const first = await next
    if (first.done === true) return
    const batch = [first.value]
    next = take()
    const full = new AbortController()
    const linger = delay(lingerMs, undefined, { signal: full.signal }).catch(() => undefined)
    while (batch.length < size) {
      const more = await Promise.race([next, linger])
      if (more === undefined || more.done === true) break
      batch.push(more.value)
      next = take()
    }
    full.abort()
    yield batch
  }
}
