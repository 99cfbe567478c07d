import { z } from 'zod'

/* What variables of the environment may hold. */

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const DAY = 24 * 60 * MINUTE
export const MEBIBYTE = 1024 * 1024

export const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1')

export const wholeNumber = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`
  return z.string().regex(/^\d+$/, message).transform(Number).pipe(z.number().min(least, message).max(most, message))
}

export const url = (protocol: RegExp, example: string) =>
  z.url({ protocol, error: ({ input }) => (input === undefined ? undefined : `must be a URL such as ${example}`) })

export const webUrl = url(/^https?$/, 'https://tasks.example.com')

export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

/** The variables that are set, none of them empty. */
export type Environment = Readonly<Record<string, string | undefined>>
