import type { Channel, OutgoingReminder } from './channel.ts'
import { expectSuccess, type OutgoingHttp } from './outgoing-http.ts'
import { oneLine } from './plain-text.ts'

/**
 * Rooms, through incoming webhooks as Slack and Mattermost have them: both take `text`.
 *
 * @param http closed by whoever opened it
 */
export function createChatChannel(http: OutgoingHttp): Channel {
  return {
    async send(reminder) {
      const body = JSON.stringify({ text: chatText(reminder), mrkdwn: false })
      const headers = { 'content-type': 'application/json' }
      expectSuccess(await http.postToUser(reminder.target, { headers, body }), 'The chat')
    },
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
/** Takes no room and joins two characters; between those of a markup it makes text of it. */
const WORD_JOINER = '\u2060'

/**
 * Nothing in a task's title calls people, hides where a link leads or loads a picture: `<!channel>` and `<url|text>` of
 * Slack, `@channel`, `[text](url)` and `![text](url)` of Mattermost, which formats whatever `mrkdwn` says. Escaping by
 * backslash would be shown by the one, and by entities, beyond these three, by the other.
 */
export function chatText({ message }: Pick<OutgoingReminder, 'message'>): string {
  return oneLine(message)
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? character)
    .replace(/(?<![\p{L}\p{N}])@(?=\S)/gu, `@${WORD_JOINER}`)
    .replaceAll('](', `]${WORD_JOINER}(`)
}
