/** Why Taskwire cannot start, for whoever starts it: the message says what is wrong and what to do, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
