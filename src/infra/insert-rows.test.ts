import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertRows, type NewRows } from './insert-rows.ts'
import { compiler } from './kysely-on.ts'

function compiled(news: readonly NewRows[], returning?: readonly string[]) {
  const { sql, parameters } = insertRows(news, returning).compile(compiler)
  return { sql, parameters }
}

test('rows of one table are one statement, whatever the order of their columns', () => {
  const rows = [
    { id: 1, name: 'one' },
    { name: 'two', id: 2 },
  ]
  assert.deepEqual(compiled([{ table: 'tags', rows }], ['seq', 'id']), {
    sql: 'INSERT INTO "tags" ("id", "name") VALUES ($1, $2), ($3, $4) RETURNING "seq", "id"',
    parameters: [1, 'one', 2, 'two'],
  })
})

test('rows of several tables are one statement, too', () => {
  const ids = { table: 'ids', rows: [{ id: 1 }, { id: 2 }] }
  const links = { table: 'links', rows: [{ from: 1, to: 2 }] }
  assert.deepEqual(compiled([ids, links]), {
    sql: 'WITH made_0 AS (INSERT INTO "ids" ("id") VALUES ($1), ($2)) INSERT INTO "links" ("from", "to") VALUES ($3, $4)',
    parameters: [1, 2, 1, 2],
  })
})

test('what is kept is told apart by table, columns, number of rows and answer', () => {
  const news = [
    [{ table: 'a', rows: [{ x: 1 }] }],
    [{ table: 'b', rows: [{ x: 1 }] }],
    [{ table: 'a', rows: [{ y: 1 }] }],
    [{ table: 'a', rows: [{ x: 1 }, { x: 2 }] }],
    [
      { table: 'a', rows: [{ x: 1 }] },
      { table: 'a', rows: [{ x: 2 }] },
    ],
  ]
  const texts = () => news.flatMap((parts) => [compiled(parts).sql, compiled(parts, ['x']).sql])
  assert.equal(new Set(texts()).size, 10)
  assert.deepEqual(texts(), texts())
  // More shapes than are kept.
  for (let length = 1; length <= 300; length += 1)
    compiled([{ table: 'c', rows: Array.from({ length }, () => ({ x: 1 })) }])
  assert.equal(new Set(texts()).size, 10)
})
