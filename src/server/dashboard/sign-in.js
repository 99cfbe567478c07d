/** @import { AskReason } from './tokens.js' */
import { elementById, setText } from './elements.js'

/** @type {Readonly<Record<AskReason, string>>} */
const TROUBLES = {
  none: '',
  refused: 'The server did not take this token. It may be for another server, or have ended.',
  ended: 'Your token has ended. With a new one the page goes on where it was.',
}

/**
 * Shows the form until the user has given a token.
 *
 * @param {AskReason} reason
 * @returns {Promise<string>} the token alone
 */
export function askForToken(reason) {
  const panel = elementById('sign-in')
  const form = elementById('sign-in-form')
  const input = /** @type {HTMLInputElement} */ (elementById('token'))
  panel.hidden = false
  setText(elementById('token-trouble'), TROUBLES[reason])
  input.setAttribute('aria-invalid', String(reason === 'refused'))
  // Who is reading something else is not torn away from it.
  if (document.activeElement === document.body || reason === 'refused') input.focus()
  return new Promise((resolve) => {
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault()
      const token = input.value.replace(/^\s*Bearer\s+/i, '').replace(/\s+/g, '')
      if (token === '') return
      form.removeEventListener('submit', submit)
      input.value = ''
      panel.hidden = true
      resolve(token)
    }
    form.addEventListener('submit', submit)
  })
}
