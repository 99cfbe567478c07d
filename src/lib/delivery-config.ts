import { z } from 'zod'
import { type Environment, flag, list, MINUTE, SECOND, url, webUrl, wholeNumber } from './config-fields.ts'

/** What reminders go out through. What is undefined is not there for users. */
export interface DeliveryConfig {
  readonly email: { readonly smtpUrl: string; readonly from: string } | undefined
  readonly sms:
    | { readonly baseUrl: string; readonly accountSid: string; readonly authToken: string; readonly from: string }
    | undefined
  /** Whether there are channels that lead to URLs of users: webhooks and chats. */
  readonly webhooks: boolean
  /** `host` or `host:port`: URLs there may be http and lead to addresses that are not public. */
  readonly allowedHosts: readonly string[]
  /** For one try. */
  readonly timeoutMs: number
  readonly maxTries: number
  /** How many reminders may go outside for one user in a day; undefined: any number. */
  readonly perUserPerDay: number | undefined
}

const SENDER = /^([^<>@]* )?<?[^\s<>@,]+@[^\s<>@,]+>?$/
const HOST = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/

const host = z
  .string()
  .toLowerCase()
  .regex(HOST, { error: ({ input }) => `${String(input)} must be a host, such as localhost or localhost:3000` })

/** The variables of delivery, as part of the whole environment. */
export const deliveryVariables = {
  SMTP_URL: url(/^smtps?$/, 'smtp://user:password@mail.example.com:587').optional(),
  SMTP_FROM: z
    .string()
    .regex(SENDER, 'must be an address such as reminders@example.com, or Taskwire <reminders@example.com>')
    .optional(),
  SMS_URL: webUrl.default('https://api.twilio.com'),
  SMS_ACCOUNT_SID: z.string().optional(),
  SMS_AUTH_TOKEN: z.string().optional(),
  SMS_FROM: z.string().optional(),
  WEBHOOKS: flag.default(true),
  WEBHOOK_ALLOWED_HOSTS: list.pipe(z.array(host)).default([]),
  DELIVERY_TIMEOUT_MS: wholeNumber(100, MINUTE).default(15 * SECOND),
  DELIVERY_MAX_TRIES: wholeNumber(1, 100).default(8),
  DELIVERIES_PER_USER_PER_DAY: wholeNumber(0, 1_000_000).default(1_000),
}

/** What has to fit together. */
export function deliveryProblems(env: Environment): readonly string[] {
  const problems: string[] = []
  if ((env.SMTP_URL === undefined) !== (env.SMTP_FROM === undefined))
    problems.push('SMTP_URL: and SMTP_FROM go together')
  const sms = [env.SMS_ACCOUNT_SID, env.SMS_AUTH_TOKEN, env.SMS_FROM]
  if (sms.some((value) => value !== undefined) && sms.includes(undefined))
    problems.push('SMS_ACCOUNT_SID: goes together with SMS_AUTH_TOKEN and SMS_FROM')
  return problems
}

export function deliveryConfig(e: z.output<z.ZodObject<typeof deliveryVariables>>): DeliveryConfig {
  const { SMTP_URL: smtpUrl, SMTP_FROM: from } = e
  const { SMS_ACCOUNT_SID: accountSid, SMS_AUTH_TOKEN: authToken, SMS_FROM: smsFrom } = e
  return {
    email: smtpUrl === undefined || from === undefined ? undefined : { smtpUrl, from },
    sms:
      accountSid === undefined || authToken === undefined || smsFrom === undefined
        ? undefined
        : { baseUrl: e.SMS_URL, accountSid, authToken, from: smsFrom },
    webhooks: e.WEBHOOKS,
    allowedHosts: e.WEBHOOK_ALLOWED_HOSTS,
    timeoutMs: e.DELIVERY_TIMEOUT_MS,
    maxTries: e.DELIVERY_MAX_TRIES,
    perUserPerDay: e.DELIVERIES_PER_USER_PER_DAY === 0 ? undefined : e.DELIVERIES_PER_USER_PER_DAY,
  }
}
