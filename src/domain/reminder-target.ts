import { z } from 'zod'
import { badUserInput, type Issue, TaskwireError } from './errors.ts'
import { text } from './input.ts'
import { type ReminderChannel, TARGET_FIELDS } from './reminder-state.ts'

/** The ways out that the operator has configured. */
export interface AvailableChannels {
  readonly channels: ReadonlySet<ReminderChannel>
  /** `host` or `host:port`: URLs there may be http, for development. */
  readonly plainHttpHosts: ReadonlySet<string>
}

/** What is there without any configuration. */
export const IN_APP_ONLY: AvailableChannels = { channels: new Set(['IN_APP']), plainHttpHosts: new Set() }

/** RFC 5321, section 4.5.3.1.3, without the brackets. */
const MAX_ADDRESS = 254
const MAX_URL = 2_048

export const targetInput = z.object({
  address: text({ max: MAX_ADDRESS }).pipe(z.email('Must be an e-mail address.')).optional(),
  phoneNumber: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'Must be a phone number in E.164, such as +491701234567.')
    .optional(),
  url: text({ max: MAX_URL }).refine(isUrl, 'Must be an https URL without a user and password.').optional(),
})

export type TargetInput = z.output<typeof targetInput>

/** What a channel and a target must keep between them. @param path leads to the target */
export function targetIssues(
  channel: ReminderChannel,
  target: Readonly<Record<string, unknown>> | null | undefined,
  path: Issue['path'],
): Issue[] {
  const field = TARGET_FIELDS[channel]
  if (field === null) return (target ?? undefined) === undefined ? [] : [{ path, message: 'IN_APP takes no target.' }]
  if (typeof target?.[field] === 'string') return []
  return [{ path: [...path, field], message: `Is needed for ${channel}.` }]
}

/**
 * @returns the target of a channel as it is kept; null for IN_APP
 * @throws TaskwireError CHANNEL_UNAVAILABLE; BAD_USER_INPUT where they do not fit together
 */
export function targetFor(
  channel: ReminderChannel,
  target: TargetInput | null | undefined,
  available: AvailableChannels,
): string | null {
  const path = ['input', 'target']
  const issues = targetIssues(channel, target, path)
  if (issues.length > 0) throw badUserInput(issues)
  refuseUnavailable(channel, available)
  const field = TARGET_FIELDS[channel]
  if (field === null) return null
  const value = target?.[field] ?? ''
  if (field === 'url') {
    const { protocol, host, hostname } = new URL(value)
    if (protocol !== 'https:' && !available.plainHttpHosts.has(host) && !available.plainHttpHosts.has(hostname))
      throw badUserInput([{ path: [...path, field], message: 'Must be an https URL.' }])
  }
  return value
}

/** @throws TaskwireError CHANNEL_UNAVAILABLE where the operator has not configured it */
export function refuseUnavailable(channel: ReminderChannel, available: AvailableChannels): void {
  if (!available.channels.has(channel))
    throw new TaskwireError('CHANNEL_UNAVAILABLE', `The channel ${channel} is not available here.`)
}

function isUrl(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return false
  return url.hostname !== '' && url.username === '' && url.password === ''
}
