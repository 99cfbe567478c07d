import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { TaskwireError } from './errors.ts'
import {
  PRIORITIES,
  STATUSES,
  type TaskChange,
  type TaskState,
  type TaskUpdate,
  taskCompleted,
  taskCreated,
  taskDeleted,
  taskPurged,
  taskReopened,
  taskRestored,
  taskUpdated,
} from './task.ts'

type Step = (task: TaskState, now: Date) => TaskChange | undefined

const now = fc.date({
  min: new Date('2026-01-01T00:00:00Z'),
  max: new Date('2026-01-02T00:00:00Z'),
  noInvalidDate: true,
})
const instant = now.map((date) => date.toISOString())
const leadTime = fc.option(fc.integer({ min: 1, max: 3 }))
const tags = fc.uniqueArray(fc.constantFrom('a', 'b', 'c')).map((names) => names.map((name) => ({ id: name, name })))
const status = fc.constantFrom(...STATUSES)
const priority = fc.constantFrom(...PRIORITIES)

const creation = fc.record(
  {
    id: fc.uuid(),
    title: fc.constantFrom('x', 'y'),
    status,
    priority,
    dueDate: fc.option(instant),
    reminderLeadTime: leadTime,
    tags,
  },
  { requiredKeys: ['id', 'title', 'tags'] },
)

const update: fc.Arbitrary<TaskUpdate> = fc.record(
  {
    title: fc.constantFrom('x', 'y'),
    description: fc.option(fc.constantFrom('x', 'y')),
    status,
    priority,
    dueDate: fc.option(instant),
    reminderLeadTime: leadTime,
    tags,
  },
  { requiredKeys: [] },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: update.map(
      (fields): Step =>
        (task, at) =>
          taskUpdated(task, fields, at),
    ),
  },
  { weight: 5, arbitrary: fc.constantFrom<Step>(taskCompleted, taskReopened, taskDeleted, taskRestored, taskPurged) },
)

/** What a task always is. */
function assertSound(task: TaskState): void {
  assert.equal(task.completed, task.status === 'COMPLETED')
  assert.equal(task.completedAt !== null, task.completed, 'completedAt is in step')
  assert.ok(task.reminderLeadTime === null || task.dueDate !== null, 'a lead time has a due date')
  assert.ok(task.createdAt <= task.updatedAt)
  assert.ok((task.completedAt ?? task.createdAt) <= task.updatedAt)
}

/** The event that stands for a passage between two states, by the table at the top of task.ts. */
function typeOf(before: TaskState, after: TaskState): TaskChange['type'] {
  if (before.deletedAt !== null) return after.deletedAt === null ? 'task.restored' : 'task.purged'
  if (after.deletedAt !== null) return 'task.deleted'
  if (before.completed !== after.completed) return after.completed ? 'task.completed' : 'task.reopened'
  return 'task.updated'
}

/** A step's change, or the code of its error. */
function attempt(take: Step, task: TaskState, at: Date): TaskChange | undefined | string {
  try {
    return take(task, at)
  } catch (error) {
    if (error instanceof TaskwireError) return error.code
    throw error
  }
}

describe('a task', () => {
  it('stays sound, and tells of every change with the right event, whatever is done to it in whatever order', () => {
    let changes = 0
    fc.assert(
      fc.property(creation, now, fc.array(fc.tuple(step, now), { maxLength: 20 }), (fields, createdAt, steps) => {
        let task = attempt(() => taskCreated(fields, createdAt), {} as TaskState, createdAt)
        if (typeof task !== 'object') return assert.equal(task, 'BAD_USER_INPUT')
        let state = task.state
        assertSound(state)
        for (const [take, at] of steps) {
          const result = attempt(take, state, at)
          if (result === undefined) continue
          if (typeof result === 'string') {
            const allowed = state.deletedAt === null ? ['BAD_USER_INPUT', 'INVALID_TRANSITION'] : ['INVALID_TRANSITION']
            assert.ok(allowed.includes(result), result)
            continue
          }
          changes += 1
          assert.equal(result.type, typeOf(state, result.state))
          assert.equal(result.previousState, state)
          assert.equal(result.state.version, state.version + 1)
          assert.ok(result.state.updatedAt >= state.updatedAt, 'time never goes back')
          const { version, updatedAt } = state
          const same = isDeepStrictEqual({ ...result.state, version, updatedAt }, state)
          assert.equal(same, result.type === 'task.purged', 'a change is one')
          assertSound(result.state)
          state = result.state
          if (result.type === 'task.purged') return
        }
      }),
      { numRuns: 500 },
    )
    assert.ok(changes > 500, `${changes} changes`)
  })

  it('takes each step once: a second time changes nothing', () => {
    fc.assert(
      fc.property(creation, update, now, (fields, change, at) => {
        const created = attempt(() => taskCreated(fields, at), {} as TaskState, at)
        if (typeof created !== 'object') return
        for (const take of [
          (task: TaskState) => taskUpdated(task, change, at),
          (task: TaskState) => taskCompleted(task, at),
          (task: TaskState) => taskReopened(task, at),
          (task: TaskState) => taskDeleted(task, at),
        ]) {
          const once = attempt(take, created.state, at)
          if (typeof once === 'object') assert.equal(take(once.state), undefined)
        }
      }),
      { numRuns: 200 },
    )
  })
})
