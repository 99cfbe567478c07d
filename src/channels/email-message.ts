import type { OutgoingReminder } from './channel.ts'
import { oneLine } from './plain-text.ts'

export interface EmailMessage {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** A reminder as mail. The task's title is somebody's text: it stays on one line, and is text in the HTML, too. */
export function emailMessage(reminder: Pick<OutgoingReminder, 'taskTitle' | 'message' | 'dueAt'>): EmailMessage {
  const title = oneLine(reminder.taskTitle)
  const message = oneLine(reminder.message)
  const due = reminder.dueAt === null ? undefined : `Due: ${readableTime(reminder.dueAt)}`
  const reason = 'You get this because a reminder with this address was set in Taskwire.'
  return {
    subject: `Reminder: ${title}`,
    text: `${[title, message, ...(due === undefined ? [] : [due]), reason].join('\n\n')}\n`,
    html: `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
<body style="font-family: sans-serif; line-height: 1.5">
<h1 style="font-size: 1.25em">${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>
${due === undefined ? '' : `<p>${escapeHtml(due)}</p>\n`}<p style="color: #666; font-size: 0.85em">${escapeHtml(reason)}</p>
</body>
</html>
`,
  }
}

/** `2027-03-01 08:00 UTC`: a receiver's time zone is not known. */
function readableTime(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
