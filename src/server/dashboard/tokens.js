const KEY = 'taskwire:token'
/** Kept instead of a token. */
const SIGNED_OUT = ''

/**
 * Why the user is asked: there was no token, it was not taken, or it is taken no more.
 *
 * @typedef {'none' | 'refused' | 'ended'} AskReason
 */

/**
 * The token that this page works with: the one that the user gave, kept for this tab; on a development server, where
 * none was given, one that the server makes.
 */
export class Tokens {
  #developmentPath
  #ask
  #given = recall()
  /** @type {string | undefined} */
  #made
  /** Whether the server may make one, where it can: not after the user signed out, nor when that was in vain. */
  #mayBeMade
  #worked = false
  /** @type {AskReason} */
  #reason = 'none'

  /**
   * @param {object} options
   * @param {string} options.developmentPath where the development server makes one; empty where it does not
   * @param {(reason: AskReason) => Promise<string>} options.ask the user
   */
  constructor({ developmentPath, ask }) {
    this.#developmentPath = developmentPath
    this.#ask = ask
    this.#mayBeMade = developmentPath !== '' && this.#given === undefined
  }

  /** The one that was used last; empty where there is none. */
  get current() {
    return this.#given || this.#made || ''
  }

  /** Waits for the user where there is none. @param {AbortSignal} signal */
  async get(signal) {
    if (this.current === '' && this.#mayBeMade) this.#made = await makeToken(this.#developmentPath, signal)
    if (this.current === '') {
      this.#given = await this.#ask(this.#reason)
      remember(this.#given)
    }
    return this.current
  }

  /** The server has taken it. */
  worked() {
    this.#worked = true
  }

  /** The server has not taken it, or takes it no more. */
  refuse() {
    this.#reason = this.#worked ? 'ended' : 'refused'
    // What the server has made itself and then refuses would go on for ever.
    this.#mayBeMade = this.#made !== undefined && this.#worked
    this.#given = undefined
    this.#made = undefined
    this.#worked = false
    remember(undefined)
  }
}

/** @param {string} path @param {AbortSignal} signal */
async function makeToken(path, signal) {
  const response = await fetch(path, { signal })
  if (response.status >= 500) throw new Error('The server makes no token now.')
  // By another name than its own it makes none.
  return response.ok ? /** @type {{ token: string }} */ (await response.json()).token : undefined
}

/** Has the page ask for a token when it is loaded again, also where the server could make one. */
export function forgetToken() {
  remember(SIGNED_OUT)
}

/** A browser may keep pages from its store: the token lasts as long as the page, then. */
function recall() {
  try {
    return sessionStorage.getItem(KEY) ?? undefined
  } catch {
    return undefined
  }
}

function remember(/** @type {string | undefined} */ token) {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, token)
  } catch {
    // The page has it.
  }
}
