import { installPeer } from '../peers/install.ts'
import type { World } from '../world.ts'
import { seedReaders, TASKS_OF_USER } from './seed.ts'

/** Tasks that become more from scenario to scenario: a million are not written twice. */
export interface ReadsBench extends AsyncDisposable {
  readonly world: World
  /** There are that many tasks from now on, or more. */
  grow(tasks: number): Promise<void>
}

export async function startReadsBench(world: World): Promise<ReadsBench> {
  await installPeer('postgraphile')
  let seeded = 0
  return {
    world,
    async grow(tasks) {
      const users = tasks / TASKS_OF_USER
      if (users > seeded) await seedReaders(world, seeded, users)
      seeded = Math.max(users, seeded)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
