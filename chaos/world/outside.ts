import type { Receipt } from '../ledger/receipt.ts'
import { Mailbox } from '../../tests/helpers/mailbox.ts'
import { type Answer, type Received, Receiver, status } from '../../tests/helpers/receiver.ts'

/** One of so many is told to come again; by its id, so that it is the same one in every run. */
const COME_AGAIN = 8
const GONE = '/gone/'

/** Who takes what is delivered: a mail server, and an HTTP server for webhooks and chats. No fault strikes these. */
export class Outside implements AsyncDisposable {
  readonly #mailbox: Mailbox
  readonly #receiver: Receiver
  readonly #answered = new WeakMap<Received, number>()
  readonly #seen = new Set<string>()

  private constructor(mailbox: Mailbox, receiver: Receiver) {
    this.#mailbox = mailbox
    this.#receiver = receiver
    receiver.answers = [this.#answer]
  }

  static async start(): Promise<Outside> {
    await using starting = new AsyncDisposableStack()
    const mailbox = starting.use(await Mailbox.start())
    const receiver = starting.use(await Receiver.start())
    starting.move()
    return new Outside(mailbox, receiver)
  }

  /** Targets of chats and webhooks begin with it. */
  get url(): string {
    return this.#receiver.url('')
  }

  /** With which programs reach it. */
  get env(): Readonly<Record<string, string>> {
    return {
      SMTP_URL: this.#mailbox.url,
      SMTP_FROM: 'taskwire@chaos.example',
      WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
      // What a program that dies was sending is sent again after about half a minute.
      DELIVERY_TIMEOUT_MS: '2000',
      DELIVERIES_PER_USER_PER_DAY: '0',
    }
  }

  /** All that has come. */
  receipts(): Receipt[] {
    const mails = this.#mailbox.mails.map(({ to, source }) => ({
      target: to.join(),
      deliveryId: /^Message-ID: <([^@>]*)@/im.exec(source)?.[1] ?? '',
      taken: true,
    }))
    const posts = this.#receiver.received.map((received) => ({
      target: this.#receiver.url(received.path),
      deliveryId: received.headers['webhook-id'] ?? null,
      taken: this.#answered.get(received) === TAKEN,
    }))
    return [...mails, ...posts]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]()
    await this.#mailbox[Symbol.asyncDispose]()
  }

  readonly #answer: Answer = (response, received, socket) => {
    const code = this.#codeFor(received)
    this.#answered.set(received, code)
    status(code)(response, received, socket)
  }

  #codeFor({ path, headers }: Received): number {
    if (path.startsWith(GONE)) return 410
    const id = headers['webhook-id'] ?? path
    const isFirst = !this.#seen.has(id)
    this.#seen.add(id)
    return isFirst && Number.parseInt(id.replaceAll('-', '').slice(-8), 16) % COME_AGAIN === 0 ? 503 : TAKEN
  }
}

const TAKEN = 204
