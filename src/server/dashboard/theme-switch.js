/** Lets the user choose between light, dark and what the system has; kept for the next time (see `theme.js`). */
export function watchThemes() {
  const root = document.documentElement
  for (const input of document.querySelectorAll('input[name="theme"]')) {
    if (!(input instanceof HTMLInputElement)) continue
    input.checked = input.value === (root.dataset.theme ?? '')
    input.addEventListener('change', () => {
      root.dataset.theme = input.value
      keep(input.value)
    })
  }
}

function keep(/** @type {string} */ theme) {
  try {
    localStorage.setItem('taskwire:theme', theme)
  } catch {
    // It holds as long as the page.
  }
}
