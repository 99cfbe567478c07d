import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  /** As it came: headers, an empty line, the body. */
  readonly source: string
}

/** A mail server that keeps what comes. */
export class Mailbox implements AsyncDisposable {
  readonly mails: Mail[] = []
  readonly #server: SMTPServer

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      closeTimeout: 1,
      onData: (stream, { envelope: { mailFrom, rcptTo } }, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const from = mailFrom === false ? '' : mailFrom.address
          const to = rcptTo.map(({ address }) => address)
          this.mails.push({ from, to, source: Buffer.concat(chunks).toString('utf8') })
          done()
        })
      },
      ...options,
    })
    // What clients do wrong is theirs to say.
    this.#server.on('error', () => undefined)
  }

  /** @param options what it does otherwise than to take everything */
  static async start(options: SMTPServerOptions = {}): Promise<Mailbox> {
    const mailbox = new Mailbox(options)
    mailbox.#server.listen(0, '127.0.0.1')
    await once(mailbox.#server.server, 'listening')
    return mailbox
  }

  get port(): number {
    // Listening on a TCP port, it has an address of this form.
    return (this.#server.server.address() as AddressInfo).port
  }

  /** For SMTP_URL. */
  get url(): string {
    return `smtp://127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.withResolvers<void>()
    this.#server.close(() => closed.resolve())
    await closed.promise
  }
}

/** An SMTP error as a handler answers with it. */
export function smtpError(responseCode: number, message = 'No'): Error {
  return Object.assign(new Error(message), { responseCode })
}
