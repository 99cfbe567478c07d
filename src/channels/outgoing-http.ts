import { Agent, buildConnector, type Dispatcher, request } from 'undici'
import { DeliveryError, errorCode } from './channel.ts'
import { guardedLookup, internet, type Network, refuseLocalAddress } from './guarded-lookup.ts'

export interface OutgoingHttpOptions {
  /** The longest that a request may take, from the look-up of the name to the end of the answer. */
  readonly timeoutMs: number
  /** `host` or `host:port`: not looked at by the guard, and may be reached over plain http. For development. */
  readonly allowedHosts: readonly string[]
  /** Default: the internet. */
  readonly network?: Network
  /** More certificate authorities. */
  readonly ca?: string
}

/** What was answered, as far as anyone may want it. */
export interface HttpAnswer {
  readonly status: number
  /** How long the receiver asks to wait. */
  readonly retryAfterMs: number | undefined
  /** At most 16 KiB of it. */
  readonly body: string
}

interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const MOST_BODY_BYTES = 16 * 1024
const MOST_HEADER_BYTES = 16 * 1024
const CONNECTIONS_PER_ORIGIN = 8
/** A receiver that asks for longer is asked again after this. */
const LONGEST_RETRY_AFTER_MS = 60 * 60 * 1000

/**
 * HTTP to the outside: a POST that follows no redirects, ends in time whatever the receiver does, and reads a bounded
 * answer. To the URLs of users only over https and to public addresses.
 */
export class OutgoingHttp implements AsyncDisposable {
  readonly #options: OutgoingHttpOptions
  /** For the URLs of users. */
  readonly #guarded: Dispatcher
  /** For the hosts that the operator names. */
  readonly #trusted: Dispatcher

  constructor(options: OutgoingHttpOptions) {
    this.#options = options
    const { timeoutMs, ca, network = internet() } = options
    const connect = { timeout: timeoutMs, allowH2: false, ...(ca !== undefined && { ca }) }
    const bounds = { connections: CONNECTIONS_PER_ORIGIN, maxHeaderSize: MOST_HEADER_BYTES, allowH2: false }
    this.#guarded = new Agent({ ...bounds, connect: guarded(connect, network) })
    this.#trusted = new Agent({ ...bounds, connect })
  }

  /**
   * @param url of a user's
   * @throws DeliveryError where there is no answer, or where that leads may not be reached
   */
  async postToUser(url: string, request_: HttpRequest): Promise<HttpAnswer> {
    const target = URL.parse(url)
    if (target === null) throw new DeliveryError('refused', 'The URL cannot be read.')
    const { allowedHosts } = this.#options
    const exempt = allowedHosts.includes(target.host) || allowedHosts.includes(target.hostname)
    if (target.protocol !== 'https:' && !(exempt && target.protocol === 'http:'))
      throw new DeliveryError('refused', 'The URL must begin with https://.')
    if (target.username !== '' || target.password !== '')
      throw new DeliveryError('refused', 'The URL must not hold a user name or password.')
    return this.#post(exempt ? this.#trusted : this.#guarded, target, request_)
  }

  /** @param url of the operator's @throws DeliveryError where there is no answer */
  async postToGateway(url: URL, request_: HttpRequest): Promise<HttpAnswer> {
    return this.#post(this.#trusted, url, request_)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#trusted.destroy()])
  }

  async #post(dispatcher: Dispatcher, url: URL, { headers, body }: HttpRequest): Promise<HttpAnswer> {
    const { timeoutMs } = this.#options
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await request(url, {
        dispatcher,
        method: 'POST',
        headers: { 'user-agent': 'Taskwire', ...headers },
        body,
        signal,
        // The signal is the one limit.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      return {
        status: answer.statusCode,
        retryAfterMs: retryAfterMs(answer.headers['retry-after'], new Date()),
        body: await beginningOf(answer.body),
      }
    } catch (error) {
      throw noAnswer(error, signal, timeoutMs)
    }
  }
}

function guarded(options: buildConnector.BuildOptions, network: Network): buildConnector.connector {
  const connect = buildConnector({ ...options, lookup: guardedLookup(network) })
  return (target, callback) => {
    try {
      refuseLocalAddress(target.hostname, network)
    } catch (error) {
      callback(error as Error, null) // thrown as one
      return
    }
    connect(target, callback)
  }
}

/** What is beyond the limit is not waited for: the connection is closed instead. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= MOST_BODY_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MOST_BODY_BYTES).toString('utf8')
}

function noAnswer(error: unknown, signal: AbortSignal, timeoutMs: number): DeliveryError {
  if (signal.aborted)
    return new DeliveryError('failed', `The receiver did not answer within ${timeoutMs / 1_000} s.`, { cause: error })
  const code = errorCode(error) ?? errorCode((error as Error | undefined)?.cause) ?? 'no code'
  return code === 'ADDRESS_REFUSED'
    ? new DeliveryError('refused', 'The URL leads to an address that is not public.', { cause: error })
    : new DeliveryError('failed', `The receiver could not be reached, or broke off (${code}).`, { cause: error })
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | string[] | undefined, now: Date): number | undefined {
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime()
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS)
}

const REQUEST_TIMEOUT = 408
const TOO_MANY_REQUESTS = 429

/**
 * Nothing where the answer says that it was taken.
 *
 * @throws DeliveryError busy for 408 and 429, failed for 5xx, refused for the rest
 */
export function expectSuccess({ status, retryAfterMs: wait }: HttpAnswer, receiver: string): void {
  if (status >= 200 && status < 300) return
  const kind =
    status === REQUEST_TIMEOUT || status === TOO_MANY_REQUESTS ? 'busy' : status >= 500 ? 'failed' : 'refused'
  const redirect = status >= 300 && status < 400 ? ' Redirects are not followed.' : ''
  throw new DeliveryError(kind, `${receiver} answered with status ${status}.${redirect}`, { retryAfterMs: wait })
}
