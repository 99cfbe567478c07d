import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type TagsUpdate, tagNamesAfter } from './task-tags.ts'

const current = ['Home', 'work'].map((name) => ({ id: name, name }))
const after = (update: TagsUpdate) => {
  const names = tagNamesAfter(current, update)
  return names && [...names.values()]
}

it('an update that says nothing of tags leaves them', () => {
  assert.equal(after({}), undefined)
})

it('tags replaces them all', () => {
  assert.deepEqual(after({ tags: ['x', 'X', 'home'] }), ['x', 'home'])
  assert.deepEqual(after({ tags: [] }), [])
})

it('addTags and removeTags change some, and what was there keeps its spelling', () => {
  assert.deepEqual(after({ addTags: ['x', 'HOME'] }), ['Home', 'work', 'x'])
  assert.deepEqual(after({ removeTags: ['WORK', 'unknown'] }), ['Home'])
  assert.deepEqual(after({ addTags: ['x'], removeTags: ['home'] }), ['work', 'x'])
  assert.deepEqual(after({ removeTags: [] }), ['Home', 'work'])
})

it('what is removed makes room for what is added', () => {
  const eight = Array.from({ length: 8 }, (_, index) => `${index}`)
  assert.equal(after({ addTags: eight })?.length, 10)
  assert.equal(after({ addTags: [...eight, 'ninth'], removeTags: ['home'] })?.length, 10)
  assert.throws(() => after({ addTags: [...eight, 'ninth'] }), { code: 'BAD_USER_INPUT' })
})
