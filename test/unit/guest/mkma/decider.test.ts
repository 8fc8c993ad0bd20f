/** A rule is found by parts of its pattern first; it decides as all of them would. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import ignore from 'ignore';
import { parseRules, type Rule } from '../../../../src/core/rules/rules.js';
import { Decider } from '../../../../src/guest/mkma/persist/decider.js';

const rule = (pattern: string, keeps = false): Rule => ({ keeps, pattern, file: 'f', line: 1 });

test('the last that matches counts, in folders as well', () => {
  const decider = new Decider([
    rule('/var/log/'),
    rule('*.pid'),
    rule('/var/log/mine', true),
    rule('**/.cache/'),
  ]);
  const by = (path: string, isFolder = false) => decider.decide(path, isFolder)?.pattern;
  assert.equal(by('var/log', true), '/var/log/');
  assert.equal(by('var/log'), undefined, 'a file of that name');
  assert.equal(by('var/log/a/b'), '/var/log/');
  assert.equal(by('var/log/mine/b'), '/var/log/mine');
  assert.equal(by('var/logs/a'), undefined);
  assert.equal(by('srv/a.pid'), '*.pid');
  assert.equal(by('home/a/.cache/b/c'), '**/.cache/');
  assert.equal(by('.', true), undefined);
});

test('a pattern counts more than a class, the last class counts; packages and accounts by name and class', () => {
  const all = [
    rule('**/.cache/'),
    rule('class:all'),
    rule('class:homes', true),
    rule('class:packages', true),
    rule('package:lib*'),
    rule('/etc/mine', true),
  ];
  const decider = new Decider(all);
  const by = (path: string) => decider.decide(path, false)?.pattern;
  assert.equal(by('home/a/x'), 'class:homes');
  assert.equal(by('home/a/.cache/x'), '**/.cache/');
  assert.equal(by('usr/x'), 'class:all');
  assert.equal(by('etc/x'), 'class:all');
  assert.equal(by('etc/mine'), '/etc/mine');
  assert.equal(decider.decideUnit('package', 'htop')?.pattern, 'class:packages');
  assert.equal(decider.decideUnit('package', 'libc6')?.pattern, 'package:lib*');
  assert.equal(decider.decideUnit('account', 'anna')?.pattern, 'class:all');
  assert.equal(decider.namingUnit('package', 'htop'), undefined);
  assert.equal(
    new Decider([rule('class:homes'), rule('class:all', true)]).decide('home/a', false)?.keeps,
    true,
  );
});

test('random rules and paths: as each rule by itself would decide', () => {
  const part = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '**', '?b', '[ab]', '\\*');
  const pattern = fc
    .tuple(
      fc.constantFrom('', '/', '**/'),
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '/'),
    )
    .map(([start, parts, end]) => start + parts.join('/') + end);
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'abb', '*'), { minLength: 1, maxLength: 4 });
  const check = (patterns: string[], parts: string[], isFolder: boolean): void => {
    const name = parts.join('/');
    const full = isFolder ? `${name}/` : name;
    const expected = patterns.findLast((one) => ignore({ ignorecase: false }).add(one).ignores(full));
    assert.equal(new Decider(patterns.map((one) => rule(one))).decide(name, isFolder)?.pattern, expected);
  };
  fc.assert(fc.property(fc.array(pattern, { minLength: 1, maxLength: 5 }), path, fc.boolean(), check), {
    numRuns: 3000,
  });
});

test('the shipped rules are understood, and each has a reason', () => {
  const parsed = parseRules(readFileSync('src/guest/persist.rules', 'utf8'), 'persist.rules');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(
    parsed.value.rules.filter(({ reason }) => reason === undefined),
    [],
  );
  assert.equal(
    parsed.value.rules.find(({ pattern }) => pattern === '/var/lib/systemd/random-seed')?.reason,
    'saved, it would be the same at every boot',
  );
  const decider = new Decider(parsed.value.rules);
  for (const path of [
    'etc/NetworkManager/system-connections/home.nmconnection',
    'etc/hosts',
    'home/anna/.bash_history',
    'var/lib/bluetooth/x/y/info',
    'var/lib/systemd/timers/stamp-x',
    'etc/localtime',
    'home/anna/.config/dconf/user',
  ])
    assert.equal(decider.decide(path, false), undefined, path);
  for (const path of [
    'home/anna/.cache/x',
    'var/lib/apt/lists/x',
    'etc/passwd-',
    'var/lib/dpkg/status-old',
    'var/log/journal/x/y',
    'home/anna/.mozilla/firefox/x/.parentlock',
    'srv/x.pid',
  ])
    assert.equal(decider.decide(path, false)?.keeps, false, path);
});
