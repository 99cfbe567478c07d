/** Who a request is from, as its token says. */
export interface Viewer {
  /** The token's `sub`. */
  readonly userId: string
  readonly admin: boolean
  /** When the token ends; nothing is answered with it after that. */
  readonly expiresAt: Date | undefined
}
