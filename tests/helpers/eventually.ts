import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits for an outcome: calls `probe` until it answers with something (not undefined, null or false) and hands that on.
 * A probe that throws counts as «not yet».
 *
 * @throws Error after `withinMs`, with what went wrong last
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  { withinMs = 20_000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs
  let last: unknown = 'it never answered'
  while (Date.now() < deadline) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== null && answer !== false) return answer
      last = `it answered ${String(answer)}`
    } catch (error) {
      last = error
    }
    await delay(everyMs)
  }
  throw new Error(`It did not come to be within ${withinMs} ms.`, { cause: last })
}
