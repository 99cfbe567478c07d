import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Logger

/** The process's logger: JSON lines on standard output; ids are fields, never part of the message. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    redact: { paths: ['*.authorization', '*.password', '*.token', '*.secret'], censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
