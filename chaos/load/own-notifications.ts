import type { Random } from '../random.ts'
import { type Operation, writes } from './operation.ts'

/** The settings that are turned on and off; of the other types each is due, so that it is known which have to be there. */
const TURNED = ['completion', 'updated'] as const
const SETTINGS = 'the settings'
const READ = ['notification.read']

/** The notifications of a user, which all of its writers read, and the settings, which one of them changes. */
export class OwnNotifications {
  readonly #random: Random
  /** undefined: another writer's, or in doubt. */
  #settings: { readonly version: number; readonly on: ReadonlySet<string> } | undefined
  #seen: readonly string[] = []

  constructor(random: Random, keepsSettings: boolean) {
    this.#random = random
    this.#settings = keepsSettings ? { version: 0, on: new Set() } : undefined
  }

  forget(what: string): void {
    if (what === SETTINGS) this.#settings = undefined
  }

  /** Some were unread. */
  see(ids: readonly string[]): void {
    this.#seen = ids
  }

  /** By their ids, or up to now. Others may have read them meanwhile, and time brings more. */
  markRead(): Operation | undefined {
    const input =
      this.#random.next() < 0.5 ? { upTo: new Date().toISOString() } : this.#seen.length > 0 && { ids: this.#seen }
    if (input === false) return undefined
    return { field: 'markNotificationsRead', input, expects: writes([], READ), doubts: [] }
  }

  changeSettings(): Operation | undefined {
    const settings = this.#settings
    if (settings === undefined) return undefined
    const turned = this.#random.pick(TURNED)
    const isOn = settings.on.has(turned)
    const version = settings.version + 1
    return {
      field: 'updateNotificationSettings',
      input: { [turned]: !isOn },
      expects: writes([{ type: 'notification-settings.updated', entityId: null, version }]),
      learn: () => {
        const others = [...settings.on].filter((setting) => setting !== turned)
        this.#settings = { version, on: new Set(isOn ? others : [...others, turned]) }
      },
      doubts: [SETTINGS],
    }
  }
}
