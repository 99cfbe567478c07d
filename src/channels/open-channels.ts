import type { OutsideChannel } from '../domain/delivery.ts'
import type { ReminderChannel } from '../domain/reminder-state.ts'
import type { AvailableChannels } from '../domain/reminder-target.ts'
import type { DeliveryConfig } from '../lib/delivery-config.ts'
import { type Channel, DeliveryError } from './channel.ts'
import { createChatChannel } from './chat.ts'
import { createEmailChannel } from './email.ts'
import { OutgoingHttp } from './outgoing-http.ts'
import { createSmsChannel } from './sms.ts'
import { createWebhookChannel } from './webhook.ts'

/** What users may choose among, by the configuration. */
export function availableChannels({ email, sms, webhooks, allowedHosts }: DeliveryConfig): AvailableChannels {
  const channels = new Set<ReminderChannel>(['IN_APP'])
  if (email !== undefined) channels.add('EMAIL')
  if (sms !== undefined) channels.add('SMS')
  if (webhooks) channels.add('CHAT').add('WEBHOOK')
  return { channels, plainHttpHosts: new Set(allowedHosts) }
}

/** Every channel, ready to send. */
export interface Channels extends AsyncDisposable {
  readonly of: Readonly<Record<OutsideChannel, Channel>>
}

/** @param smtpConnections to the mail server at once */
export function openChannels(
  { email, sms, webhooks, allowedHosts, timeoutMs }: DeliveryConfig,
  smtpConnections: number,
): Channels {
  const resources = new AsyncDisposableStack()
  const http = resources.use(new OutgoingHttp({ timeoutMs, allowedHosts }))
  const mail = email && resources.use(createEmailChannel({ ...email, timeoutMs, connections: smtpConnections }))
  return {
    of: {
      EMAIL: mail ?? notConfigured,
      SMS: sms === undefined ? notConfigured : createSmsChannel(http, sms),
      CHAT: webhooks ? createChatChannel(http) : notConfigured,
      WEBHOOK: webhooks ? createWebhookChannel(http) : notConfigured,
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/**
 * What waits for a channel that is not there any more is tried as often as anything else, and then given up: while a
 * configuration is rolled out, another worker may have it.
 */
const notConfigured: Channel = {
  async send() {
    throw new DeliveryError('busy', 'The channel is not available any more.')
  },
}
