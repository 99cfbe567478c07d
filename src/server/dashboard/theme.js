// Before anything is drawn: runs in the head, so that a dark page does not begin with a white flash.
try {
  document.documentElement.dataset.theme = localStorage.getItem('taskwire:theme') ?? ''
} catch {
  // Without a store the system's preference holds.
}
