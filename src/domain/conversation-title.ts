const MAX_CHARACTERS = 80
/** Of the message's beginning: enough for any title, and cheap for any message. */
const MAX_READ = 1_000

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** What a conversation is called by a message: that on one line, or its beginning where it is long. */
export function titleFrom(content: string): string {
  const text = content.trim()
  const read = text.slice(0, MAX_READ).replace(/[\ud800-\udbff]$/, '')
  let title = ''
  let characters = 0
  for (const { segment } of graphemes.segment(read.replaceAll(/\s+/gu, ' '))) {
    // Code points: one grapheme may have any number of them.
    characters += Array.from(segment).length
    if (characters > MAX_CHARACTERS) return shortened(title)
    title += segment
  }
  return read === text ? title : shortened(title)
}

function shortened(title: string): string {
  return `${title.trimEnd()}…`
}
