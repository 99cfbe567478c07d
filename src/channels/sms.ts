import { type Channel, DeliveryError } from './channel.ts'
import { expectSuccess, type HttpAnswer, type OutgoingHttp } from './outgoing-http.ts'
import { oneLine } from './plain-text.ts'

export interface SmsOptions {
  /** The gateway's, without `/2010-04-01`; Twilio's own or one that speaks like it. */
  readonly baseUrl: string
  readonly accountSid: string
  readonly authToken: string
  /** A number in E.164, a sender's name, or a messaging service (MG…). */
  readonly from: string
}

/** What Twilio takes; longer texts are refused (error 21617). */
const LONGEST_TEXT = 1_600
/** These say something about the operator's account and not about the message. */
const ACCOUNT_STATUSES = new Set([401, 403, 404])

/**
 * Phones, through a gateway that takes Messages as Twilio does
 * (https://www.twilio.com/docs/messaging/api/message-resource).
 *
 * @param http closed by whoever opened it
 */
export function createSmsChannel(http: OutgoingHttp, options: SmsOptions): Channel {
  const { baseUrl, accountSid, authToken, from } = options
  const url = new URL(
    `${baseUrl.replace(/\/+$/, '')}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`,
  )
  const headers = {
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  }
  const sender = /^MG[0-9a-f]{32}$/i.test(from) ? { MessagingServiceSid: from } : { From: from }
  return {
    async send({ target, message }) {
      const text = oneLine(message).slice(0, LONGEST_TEXT).toWellFormed()
      const body = new URLSearchParams({ To: target, ...sender, Body: text }).toString()
      expectTaken(await http.postToGateway(url, { headers, body }))
    },
  }
}

function expectTaken(answer: HttpAnswer): void {
  if (ACCOUNT_STATUSES.has(answer.status))
    throw new DeliveryError('failed', `The SMS gateway does not let us in (status ${answer.status}).`)
  const code = gatewayCode(answer.body)
  if (answer.status === 400 && code !== undefined)
    throw new DeliveryError('refused', `The SMS gateway refused the message (status 400, code ${code}).`)
  expectSuccess(answer, 'The SMS gateway')
}

/** What the gateway's error is, such as 21211 for a number that is none. */
function gatewayCode(body: string): number | undefined {
  try {
    const code = (JSON.parse(body) as { code?: unknown } | null)?.code
    return typeof code === 'number' ? code : undefined
  } catch {
    // An answer that is no JSON has no code.
    return undefined
  }
}
