import type { Answer, Argument, Questions } from './questions.ts'

/** What goes over the channel between the benchmark and one of its processes. */
export interface QuestionMessage {
  readonly number: number
  readonly name: keyof Questions
  readonly argument: unknown
}
export interface AnswerMessage {
  readonly number: number
  readonly answer?: unknown
  readonly error?: string
}

type Give = (argument: unknown) => unknown
const known = new Map<keyof Questions, Give>()

/** Answers a question of the parent's; see child.ts. */
export function answer<Name extends keyof Questions>(
  name: Name,
  give: (argument: Argument<Name>) => Answer<Name> | Promise<Answer<Name>>,
): void {
  known.set(name, give as Give) // what `Child.ask` sends under this name
}

/** Begins to listen. The process ends with its parent, and is not kept alive by it. */
export function startAnswering(): void {
  process.on('message', (message: QuestionMessage) => void respond(message))
  process.once('disconnect', () => process.exit(1))
  process.channel?.unref()
}

async function respond({ number, name, argument }: QuestionMessage): Promise<void> {
  const reply = (message: AnswerMessage) => process.send?.(message)
  try {
    const give = known.get(name)
    if (give === undefined) throw new Error(`Nobody here answers «${name}».`)
    reply({ number, answer: await give(argument) })
  } catch (error) {
    reply({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}
