const GONE = Number.POSITIVE_INFINITY

/**
 * The entities of which one subscription has been shown a newer version than its last event had: after a replay, where
 * entities are read as they are now, events that are older than that are still to come. With the entity of their own
 * state they would take a client's cache back in time.
 */
export class ShownVersions {
  readonly #ahead = new Map<string, number>()

  /**
   * An event of `version` was shown with the entity at `shown`.
   *
   * @param shown undefined where the entity is gone: no event that is still to come shows it, but one that makes it again
   */
  note(entityId: string, version: number, shown = GONE): void {
    const known = this.#ahead.get(entityId) ?? 0
    if (shown > version) this.#ahead.set(entityId, known === GONE ? shown : Math.max(shown, known))
    else if (known === GONE) this.#ahead.delete(entityId)
  }

  /** Is what was shown of this entity newer than an event of `version`, which comes now? */
  isAheadOf(entityId: string, version: number): boolean {
    const shown = this.#ahead.get(entityId)
    if (shown === undefined) return false
    if (version < shown) return true
    this.#ahead.delete(entityId)
    return false
  }
}
