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

/**
 * Works on batches as they come, up to `atOnce` of them beside one another. The first that fails ends it.
 *
 * @param endBatches called where one has failed: the batches are to end
 */
export async function workOff<T>(
  batches: AsyncIterable<T>,
  atOnce: number,
  work: (batch: T) => Promise<void>,
  endBatches: () => void,
): Promise<void> {
  const working = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const begin = (batch: T) => {
    const done = work(batch)
      .catch((error: unknown) => {
        failure ??= { error }
        endBatches()
      })
      .finally(() => working.delete(done))
    working.add(done)
  }
  for await (const batch of batches) {
    // What is left comes again.
    if (failure !== undefined) break
    begin(batch)
    if (working.size === atOnce) await Promise.race(working)
  }
  await Promise.all(working)
  if (failure !== undefined) throw failure.error
}
