/** @import { Happening } from './types.ts' */

/** What happened last, newest first. Where it comes from does not matter: each event is in it once. */
export class Activity {
  #most
  /** @type {Happening[]} */
  #happenings = []

  /** @param {number} most */
  constructor(most) {
    this.#most = most
  }

  get newestFirst() {
    return this.#happenings
  }

  /** @param {readonly Happening[]} happenings those of the feed and of the audit trail, in any order, again or not */
  add(happenings) {
    const known = new Map(this.#happenings.map((happening) => [happening.eventId, happening]))
    for (const happening of happenings) known.set(happening.eventId, known.get(happening.eventId) ?? happening)
    this.#happenings = [...known.values()].toSorted(newerFirst).slice(0, this.#most)
  }

  clear() {
    this.#happenings = []
  }
}

/** As the audit trail has them: the events of one request have the same time, and ids in the order of writing. */
function newerFirst(/** @type {Happening} */ a, /** @type {Happening} */ b) {
  const [later, earlier] = [b.timestamp + b.eventId, a.timestamp + a.eventId]
  return later < earlier ? -1 : later > earlier ? 1 : 0
}
