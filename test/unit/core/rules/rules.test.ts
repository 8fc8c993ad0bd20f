/** Files of rules: what is understood, what is refused and with which line, and what a definition writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASS_NAMES, classOfPath } from '../../../../src/core/rules/classes.js';
import { namesUnit, parsePattern } from '../../../../src/core/rules/pattern.js';
import { joinRules, parseRules, renderRules } from '../../../../src/core/rules/rules.js';

function parsed(text: string, file = 'f') {
  const found = parseRules(text, file);
  assert.ok(found.ok, JSON.stringify(found));
  return found.value;
}

function refused(text: string): string[] {
  const found = parseRules(text, 'f');
  assert.ok(!found.ok, 'it was accepted');
  assert.equal(found.problem.code, 'rules-invalid');
  return (found.problem.why ?? '').split('\n');
}

test('sections, reasons, classes, packages, accounts and limits', () => {
  const text =
    '# of the file\n\n[keep]\n# why\n# twice\nclass:homes\n  /srv/a b  \n[drop]\npackage:lib*\naccount:anna\n/x\\ \r\n[limits]\nlargest-file 2k\nlargest-layer 1G\n[auto]\nevery 30min\n';
  assert.deepEqual(parsed(text), {
    rules: [
      { keeps: true, pattern: 'class:homes', file: 'f', line: 6, reason: 'why twice' },
      { keeps: true, pattern: '/srv/a b', file: 'f', line: 7 },
      { keeps: false, pattern: 'package:lib*', file: 'f', line: 9 },
      { keeps: false, pattern: 'account:anna', file: 'f', line: 10 },
      { keeps: false, pattern: '/x\\ ', file: 'f', line: 11 },
    ],
    auto: { every: 1800 },
    limits: {
      largestFile: { bytes: 2048, file: 'f', line: 13 },
      largestLayer: { bytes: 2 ** 30, file: 'f', line: 14 },
    },
  });
});

test('each line that is not understood is named, in their order', () => {
  assert.deepEqual(
    refused(
      '/before\n[drop]\n!not\nclass:home\npackage:\n/a\\\n/\n[ab]\n/in-it\n[limits]\nlargest-file many\nsmallest 1\nlargest-layer 1M\nlargest-layer 2M\n',
    ),
    [
      'f:1: /before: a section comes first: [keep], [drop], [limits], [auto]',
      'f:3: !not: write it in the other section instead of !',
      `f:4: class:home: no such class: they are ${CLASS_NAMES.map((name) => `class:${name}`).join(', ')}`,
      'f:5: package:: a name follows package:, such as package:htop',
      'f:6: /a\\: a backslash at the end matches nothing',
      'f:7: /: it matches nothing: class:all is everything',
      'f:8: [ab]: no such section: they are [keep], [drop], [limits], [auto]',
      'f:11: largest-file many: it is an amount, such as 200M',
      'f:12: smallest 1: no such setting of [limits]: they are largest-file, largest-layer',
      'f:14: largest-layer 2M: line 13 sets it already',
    ],
  );
});

test('of several files the last one counts; limits that contradict are refused with both lines', () => {
  const joined = joinRules([
    parsed('[limits]\nlargest-file 5M\n', 'a'),
    parsed('[limits]\nlargest-file 3M\nlargest-layer 3M\n', 'b'),
  ]);
  assert.ok(joined.ok && joined.value.limits.largestFile?.file === 'b');
  const wrong = joinRules([
    parsed('[limits]\nlargest-file 5M\n', 'a'),
    parsed('[limits]\n\nlargest-layer 4M\n', 'b'),
  ]);
  assert.ok(!wrong.ok);
  assert.equal(wrong.problem.code, 'limits-contradict');
  assert.equal(wrong.problem.where, 'largest-file, a:2 and largest-layer, b:3');
});

test('what a definition writes is read back; what is kept overrules what is dropped', () => {
  const rules = { keep: ['/srv/a', 'class:homes'], drop: ['/srv/'] };
  const text = renderRules({
    rules,
    limits: { largestLayer: '2G' },
    auto: { every: '2h', merge: false, keepDaily: 3 },
  });
  const { rules: read, limits, auto } = parsed(text ?? '');
  assert.deepEqual(
    read.map(({ keeps, pattern }) => [keeps, pattern]),
    [
      [false, '/srv/'],
      [true, '/srv/a'],
      [true, 'class:homes'],
    ],
  );
  assert.equal(limits.largestLayer?.bytes, 2 ** 31);
  assert.deepEqual(auto, { every: 7200, merge: false, keepDaily: 3 });
  assert.equal(renderRules({ rules: { keep: [], drop: [] }, limits: {}, auto: true }), undefined);
});

test('a path has one class at most', () => {
  const classes = {
    'etc/machine-id': 'identity',
    'etc/ssh/ssh_host_ed25519_key.pub': 'identity',
    'etc/ssh/sshd_config': 'configuration',
    'var/lib/NetworkManager/secret_key': 'identity',
    'var/lib/NetworkManager/timestamps': 'state',
    etc: 'configuration',
    'home/anna/.ssh/id': 'homes',
    root: 'homes',
    'srv/www': 'state',
    'usr/bin/x': undefined,
    homes: undefined,
    'opt/etc/x': undefined,
  };
  for (const [path, name] of Object.entries(classes)) assert.equal(classOfPath(path), name, path);
});

test('patterns name paths, a class, a package or an account', () => {
  assert.deepEqual(parsePattern('/class:homes'), { of: 'paths', text: '/class:homes' });
  assert.deepEqual(parsePattern('package:lib*'), { of: 'package', name: 'lib*' });
  assert.ok('wrong' in parsePattern(' ') && 'wrong' in parsePattern('#a'));
  assert.ok(namesUnit('lib*-dev', 'libx-dev') && namesUnit('g++', 'g++') && namesUnit('*', 'a:i386'));
  assert.ok(!namesUnit('lib*', 'xlib') && !namesUnit('a.c', 'abc'));
});
