import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareTagNames, distinctNames, tagKey } from './tag.ts'

describe('the key of a tag’s name', () => {
  it('is the same in upper and lower case, for every character that there is', () => {
    for (let point = 1; point <= 0x10ffff; point += 1) {
      if (point >= 0xd800 && point <= 0xdfff) continue
      const name = `a${String.fromCodePoint(point)}z`
      const key = tagKey(name)
      if (tagKey(name.toUpperCase()) !== key || tagKey(name.toLowerCase()) !== key || tagKey(key) !== key)
        assert.fail(`U+${point.toString(16)}`)
    }
  })

  it('does not tell apart what looks the same, and tells apart what does not', () => {
    assert.equal(tagKey('Café'), tagKey(' cafe\u0301 '))
    assert.equal(tagKey('Straße'), tagKey('STRASSE'))
    assert.equal(tagKey('ΣΑΣ'), tagKey('σασ'))
    assert.notEqual(tagKey('cafe'), tagKey('café'))
    assert.notEqual(tagKey('a b'), tagKey('ab'))
  })
})

it('names that are the same collapse into the first spelling', () => {
  assert.deepEqual(
    [...distinctNames(['Home', 'work', 'HOME', 'Work', 'x'])],
    [
      ['home', 'Home'],
      ['work', 'work'],
      ['x', 'x'],
    ],
  )
})

it('names are in the order of their keys’ code points', () => {
  const names = ['\u{1f600}', '\uff5a', 'b', 'Zebra', 'A', 'a b', 'é']
  assert.deepEqual(names.toSorted(compareTagNames), ['A', 'a b', 'b', 'Zebra', 'é', '\uff5a', '\u{1f600}'])
})
