/** setTimeout fires at once for anything longer (about 24 days). */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Calls back once `instant` is past, however far that is; never where there is none. Answers with how to give it up. */
export function onceExpired(instant: Date | undefined, callback: () => void): () => void {
  if (instant === undefined) return () => {}
  let timer: NodeJS.Timeout
  const wait = () => {
    const left = instant.getTime() - Date.now()
    timer = left > LONGEST_TIMEOUT_MS ? setTimeout(wait, LONGEST_TIMEOUT_MS) : setTimeout(callback, Math.max(0, left))
    timer.unref()
  }
  wait()
  return () => clearTimeout(timer)
}
