import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { describeProblems, play } from '../chaos/feed/play.ts'
import { describeSchedule, FAULT_KINDS, makeSchedule } from '../chaos/feed/schedule.ts'
import { FeedServers } from '../chaos/feed/servers.ts'

/** Fixed, so that a failure can be looked at; `npm run test:feed` plays as many others as one likes. */
const SEEDS = Array.from({ length: 24 }, (_, index) => 100 + index)

describe('a client of the feed', () => {
  let servers: FeedServers
  before(async () => {
    servers = await FeedServers.start()
  })
  after(() => servers[Symbol.asyncDispose]())

  for (const seed of SEEDS)
    it(`has the server’s state after schedule ${seed} of writes and faults`, async () => {
      const schedule = makeSchedule(seed, 'short')
      const played = await play(schedule, servers)
      assert.equal(played.problems.length, 0, describeProblems(schedule, played))
    })
})

describe('the schedules', () => {
  const schedules = SEEDS.map((seed) => makeSchedule(seed, 'short'))

  it('have every kind of fault', () => {
    const kinds = schedules.flatMap(({ phases }) =>
      phases.flatMap(({ strokes }) => strokes.map(({ fault }) => fault.kind)),
    )
    assert.deepEqual([...new Set(kinds)].toSorted(), FAULT_KINDS.toSorted())
  })

  it('follow from their seeds', () => {
    const again = SEEDS.map((seed) => describeSchedule(makeSchedule(seed, 'short')))
    assert.deepEqual(schedules.map(describeSchedule), again)
    assert.equal(new Set(again).size, SEEDS.length)
  })
})
