/** Less than this is the way that an answer takes. */
const LEAST_MS = 5_000

let aheadMs = 0

/**
 * What time it is for the server, whose times the page shows: the clock of a screen on a wall may be hours off.
 */
export function now() {
  return new Date(Date.now() + aheadMs)
}

/** @param {string | null} date of an answer that has just come, as HTTP says it: to the second */
export function learnTime(date) {
  const ahead = Date.parse(date ?? '') - Date.now()
  if (!Number.isNaN(ahead)) aheadMs = Math.abs(ahead) < LEAST_MS ? 0 : ahead
}
