/** A reminder that is to be told outside. */
export interface OutgoingReminder {
  /** The id of its `reminder.triggered` event: the same in every try, so that a receiver knows what it has had. */
  readonly id: string
  /** An e-mail address, a phone number in E.164 or a URL, by the channel. */
  readonly target: string
  /** When it fired, in RFC 3339. */
  readonly triggeredAt: string
  readonly taskTitle: string
  /** What it says, in plain text. */
  readonly message: string
  /** The task's due date, in RFC 3339. */
  readonly dueAt: string | null
  /** The reminder as its event shows it, for receivers that are programs. */
  readonly data: Readonly<Record<string, unknown>>
  /** What a webhook is signed with: the user's secret, and while it still holds the one before. */
  readonly signingSecrets: readonly string[]
}

/**
 * One way out. Sending twice is possible whatever a channel does (a process can die after the receiver has answered), so
 * each hands on the reminder's id where its protocol has a place for one.
 */
export interface Channel {
  /**
   * Resolves once the receiver has taken it.
   *
   * @throws DeliveryError says what was wrong and whether it can pass
   */
  send(reminder: OutgoingReminder): Promise<void>
}

/**
 * - `refused`: this reminder will never be taken; trying again is useless.
 * - `failed`: the receiver, or the way to it, is broken; can pass, and says something about the next reminder, too.
 * - `busy`: can pass, and says nothing about others: too many at once, or this address only.
 */
export type FailureKind = 'refused' | 'failed' | 'busy'

const LONGEST_MESSAGE = 500

/**
 * Why a reminder was not taken. The message is shown to the user: it is made of words of ours, status codes and codes of
 * errors, and of nothing that a receiver, a URL or a library says. What they said is the `cause`, for the log.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  readonly kind: FailureKind
  /** The receiver asks to wait for this long. */
  readonly retryAfterMs: number | undefined

  constructor(
    kind: FailureKind,
    message: string,
    { cause, retryAfterMs }: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message.slice(0, LONGEST_MESSAGE), cause === undefined ? {} : { cause })
    this.kind = kind
    this.retryAfterMs = retryAfterMs
  }
}

/** The code of a network error, such as ECONNRESET; undefined where it has none of the usual form. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? code : undefined
}
