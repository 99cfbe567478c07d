/**
 * The outcome of work, or a rejection as soon as the signal aborts: a request whose connection is gone would be waited
 * for until it times out. What the work does after that goes unseen.
 */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(new Error('It was given up: no answer, or the connection was lost meanwhile.'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work(), aborted.promise])
  } finally {
    // A signal may live for days: it keeps nothing of what is over.
    signal.removeEventListener('abort', abort)
  }
}
