// Runs the recipes for jq in docs/report.md on the report of the example, and compares what they print with what the document
// shows below them. A line of `…` stands for all that follow.
//
// Usage: recipes.mjs DOCUMENT JQ FOLDER

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const [document, jq, folder] = process.argv.slice(2)
const blocks = readFileSync(document, 'utf8').split('```sh\njq ').slice(1)
assert.ok(blocks.length > 6, `${blocks.length} recipes`)
for (const block of blocks) {
  const [command, rest] = block.split('\n```\n\n```text\n')
  const shown = rest.split('\n```')[0].split('\n')
  // The shell splits the words, as it does for who copies a recipe.
  const printed = execFileSync('sh', ['-c', `"$0" ${command}`, jq], { cwd: folder, encoding: 'utf8' })
    .trimEnd().split('\n')
  const whole = shown.at(-1) !== '…'
  const expected = whole ? shown : shown.slice(0, -1)
  assert.deepEqual(whole ? printed : printed.slice(0, expected.length), expected, `jq ${command}`)
  assert.ok(whole || printed.length > expected.length, `jq ${command}: nothing is left out`)
}
