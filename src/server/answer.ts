import type { ExecutionResult, GraphQLError } from 'graphql'
import { formatError } from './errors.ts'

/** One result of a subscription as its client sees it, in JSON, too: that is made once, however many it goes to. */
export class Answer implements ExecutionResult {
  readonly data?: NonNullable<ExecutionResult['data']> | null
  readonly errors?: readonly GraphQLError[]
  readonly json: string
  /** Where the client resumes once it has handled this; undefined where the subscription cannot be resumed. */
  readonly cursor: string | undefined

  /** @throws TypeError where the data is no JSON */
  constructor({ data, errors }: ExecutionResult, cursor?: string) {
    if (data !== undefined) this.data = data
    if (errors !== undefined) this.errors = errors
    this.cursor = cursor
    this.json = JSON.stringify({ data, errors: errors?.map(formatError) })
  }
}
