import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeXml, renderJUnit } from '../../../../src/host/report/junit.js';

test('suites, cases and failures, with their counts', () => {
  const xml = renderJUnit([
    { name: 'checks', cases: [{ name: 'root is an overlay' }] },
    {
      name: 'tests',
      cases: [
        { name: 'web', seconds: 1.25 },
        { name: 'disk <1>', seconds: 2, failure: 'first & last\nmore', where: 'mkma.config.ts:7' },
      ],
    },
  ]);
  assert.equal(
    xml,
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mkma test" tests="3" failures="1" errors="0" skipped="0" time="3.250">
  <testsuite name="checks" tests="1" failures="0" errors="0" skipped="0" time="0.000">
    <testcase name="root is an overlay" classname="checks" time="0.000"/>
  </testsuite>
  <testsuite name="tests" tests="2" failures="1" errors="0" skipped="0" time="3.250">
    <testcase name="web" classname="tests" time="1.250"/>
    <testcase name="disk &lt;1&gt;" classname="tests" time="2.000">
      <failure message="first &amp; last">mkma.config.ts:7
first &amp; last
more</failure>
    </testcase>
  </testsuite>
</testsuites>
`,
  );
});

test('what XML cannot hold is replaced, quotes and carriage returns are kept', () => {
  assert.equal(escapeXml('a"b\r\x1b[0m\0]]>\tü'), 'a&quot;b&#13;\ufffd[0m\ufffd]]&gt;\tü');
});
