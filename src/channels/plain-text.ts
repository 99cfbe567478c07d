/**
 * Text on one line, without characters that nobody sees: control characters (which would end a header), breaks of lines
 * and paragraphs, and those that turn the direction of what follows.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
}
