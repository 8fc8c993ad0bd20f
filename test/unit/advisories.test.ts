/** What the audit makes of npm's answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer } from '../advisories.js';

test('an advisory is named with its package; a package that only depends on it is not', () => {
  const report = {
    auditReportVersion: 2,
    vulnerabilities: {
      low: {
        range: '<1.2.0',
        via: [{ title: 'Prototype pollution', url: 'https://example.org/GHSA-1', severity: 'high' }],
      },
      upper: { range: '*', via: ['low'] },
    },
  };
  assert.deepEqual(readAnswer(JSON.stringify(report), ['low', 'upper']), {
    advisories: ['low <1.2.0: high: Prototype pollution (https://example.org/GHSA-1)'],
  });
  // Of a tool that mkma is built with, and does not ship.
  assert.deepEqual(readAnswer(JSON.stringify(report), ['upper']), { advisories: [] });
});

test('no advisory, and no answer with its reason', () => {
  assert.deepEqual(readAnswer('{"auditReportVersion":2,"vulnerabilities":{},"metadata":{}}', []), {
    advisories: [],
  });
  // As npm 11.19 prints them: a mirror without the endpoint, no network, packages that cannot be read.
  const refused = '{"message":"405 Method Not Allowed","statusCode":405,"error":{"summary":"","detail":""}}';
  assert.deepEqual(readAnswer(refused, []), { none: '405 Method Not Allowed' });
  const unread = '{"error":{"summary":"loading from incorrect packument","detail":""}}';
  assert.deepEqual(readAnswer(unread, []), { none: 'loading from incorrect packument' });
  assert.deepEqual(readAnswer('<html>', []), { none: 'npm printed no report' });
});
