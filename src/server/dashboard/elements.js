// Everything that the page shows goes through here as text: nothing in it makes HTML of a string.

/** @param {string} id @returns {HTMLElement} */
export function elementById(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`The page has no #${id}.`)
  return element
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {...(Node | string)} content
 */
export function make(tag, className, ...content) {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...content)
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

/** One of the symbols of the page, which says nothing that the text beside it does not. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `#icon-${name}`)
  svg.append(use)
  return svg
}

/** Sets a text where it differs, so that nothing is drawn or read out for nothing. */
export function setText(/** @type {Element} */ element, /** @type {string} */ text) {
  if (element.textContent !== text) element.textContent = text
}
