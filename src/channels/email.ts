import { createTransport } from 'nodemailer'
import { type Channel, DeliveryError, errorCode } from './channel.ts'
import { emailMessage } from './email-message.ts'

export interface EmailOptions {
  /** `smtp://` or `smtps://`, with user and password where the server wants them. */
  readonly smtpUrl: string
  /** Who it is from: `reminders@example.com`, or `Taskwire <reminders@example.com>`. */
  readonly from: string
  /** The longest that one mail may take, from the connection to the server's last word. */
  readonly timeoutMs: number
  /** Connections to the server at once. */
  readonly connections: number
}

/** One address and nothing that a header or an envelope would read as more than one. */
const PLAIN_ADDRESS = /^[^\s"(),:;<>@[\\\]\p{Cc}]{1,64}@[^\s"(),:;<>@[\\\]\p{Cc}]{1,255}$/u

/** Mail, over the operator's server. */
export function createEmailChannel({ smtpUrl, from, timeoutMs, connections }: EmailOptions): Channel & AsyncDisposable {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: connections,
    // A connection that the server had closed meanwhile is replaced once; trying again is for whoever leases deliveries.
    maxRequeues: 1,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const domain = from.replace(/^.*@|>.*$/g, '')
  return {
    async send(reminder) {
      const address = reminder.target
      if (!PLAIN_ADDRESS.test(address)) throw new DeliveryError('refused', 'The e-mail address cannot be read.')
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        await transport.sendMail({
          from,
          // As an object it is not parsed: it stays the one receiver.
          to: { name: '', address },
          ...emailMessage(reminder),
          messageId: `<${reminder.id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        })
      } catch (error) {
        throw signal.aborted
          ? new DeliveryError('failed', `The mail server did not finish within ${timeoutMs / 1_000} s.`, {
              cause: error,
            })
          : mailError(error)
      }
    },
    async [Symbol.asyncDispose]() {
      transport.close()
    },
  }
}

const CLOSING = 421
const BAD_SEQUENCE = 503

/**
 * What the server says about one mail is about that mail: a 4xx can pass, a 5xx cannot (RFC 5321, section 4.2.1). The rest
 * is about the server or our account on it: connections, TLS, logins, the sender.
 */
function mailError(cause: unknown): DeliveryError {
  const { responseCode, command } = cause as { readonly responseCode?: number; readonly command?: string }
  const code = errorCode(cause) ?? 'no code'
  const aboutOneMail = (code === 'EENVELOPE' || code === 'EMESSAGE') && command !== 'MAIL FROM'
  if (!aboutOneMail || responseCode === CLOSING) {
    const said = responseCode === undefined ? code : `${code}, ${responseCode}`
    return new DeliveryError('failed', `The mail server could not be used (${said}).`, { cause })
  }
  if (responseCode === undefined) return new DeliveryError('refused', `The mail cannot be sent (${code}).`, { cause })
  const passes = responseCode < 500 || responseCode === BAD_SEQUENCE
  return new DeliveryError(passes ? 'busy' : 'refused', `The mail server refused the mail (${responseCode}).`, {
    cause,
  })
}
