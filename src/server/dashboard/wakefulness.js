const LOOK_EVERY_MS = 5_000
/** More than a busy page is late, and less than anybody waits. */
const SLEPT_MS = 15_000

/**
 * Calls back when there is reason to think that things are not as they were: the page is looked at again, the network is
 * back, or more time has passed than can have passed awake.
 *
 * @param {() => void} callback
 */
export function onWake(callback) {
  let lookedMs = Date.now()
  setInterval(() => {
    const slept = Date.now() - lookedMs > SLEPT_MS
    lookedMs = Date.now()
    if (slept) callback()
  }, LOOK_EVERY_MS)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) callback()
  })
  addEventListener('online', callback)
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) callback()
  })
}

/**
 * Waits, but not past the next reason to think that things have changed.
 *
 * @param {number} ms
 * @param {EventTarget} waking
 * @returns {Promise<void>}
 */
export function pauseUntilWoken(ms, waking) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      waking.removeEventListener('wake', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    waking.addEventListener('wake', end)
  })
}
