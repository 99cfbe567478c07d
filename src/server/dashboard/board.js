/** @import { Happening, Stats } from './types.ts' */
import { Activity } from './activity.js'
import { showActivity } from './activity-list.js'
import { showChart } from './chart.js'
import { elementById, setText } from './elements.js'
import { showFigures } from './figures.js'

/** Of what happened, so much is kept and shown. */
export const MOST_SHOWN = 50

/** What is shown of a user: the numbers as they were read last, and what happened last. */
export class Board {
  #activity = new Activity(MOST_SHOWN)
  #viewer = ''
  #drawing = false

  /** Shows who it is of; where that is somebody else than before, nothing of theirs is left. @param {string} viewer */
  showViewer(viewer) {
    if (viewer !== this.#viewer) this.#clear()
    this.#viewer = viewer
    setText(elementById('viewer-name'), viewer)
    elementById('viewer').hidden = false
    elementById('sign-out').hidden = false
  }

  /**
   * @param {Stats} stats
   * @param {string} timezone whose days they go by
   */
  showNumbers(stats, timezone) {
    const isEmpty = stats.total === 0 && this.#activity.newestFirst.length === 0
    elementById('welcome').hidden = !isEmpty
    elementById('board').hidden = isEmpty
    showFigures(stats)
    showChart(stats.completedPerDay)
    setText(elementById('zone'), `Days are those of ${timezone}`)
  }

  /**
   * @param {readonly Happening[]} happenings
   * @param {{ live: boolean }} options whether they have just happened
   */
  add(happenings, { live }) {
    this.#activity.add(happenings)
    // Once a frame, however much happens.
    if (this.#drawing) return
    this.#drawing = true
    requestAnimationFrame(() => {
      this.#drawing = false
      showActivity(this.#activity.newestFirst, { viewer: this.#viewer, live })
    })
  }

  #clear() {
    this.#activity.clear()
    showActivity([], { viewer: '', live: false })
    elementById('welcome').hidden = true
    elementById('board').hidden = true
  }
}
