import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INIT_FAILED } from '../../../../src/core/contract.js';
import { plainLine } from '../../../../src/host/qemu/follow.js';
import { ConsoleWatch, milestoneOf, parseAnswer } from '../../../../src/host/qemu/protocol.js';

test('answers are checks, the end, or other words', () => {
  assert.deepEqual(parseAnswer('ok root is an overlay - / is overlay - really'), {
    type: 'check',
    check: { name: 'root is an overlay', ok: true, detail: '/ is overlay - really' },
  });
  assert.deepEqual(parseAnswer('not ok no failed unit - x.service'), {
    type: 'check',
    check: { name: 'no failed unit', ok: false, detail: 'x.service' },
  });
  assert.deepEqual(parseAnswer('ok bare'), { type: 'check', check: { name: 'bare', ok: true, detail: '' } });
  assert.deepEqual(parseAnswer('begin'), { type: 'begin' });
  assert.deepEqual(parseAnswer('end'), { type: 'end' });
  assert.deepEqual(parseAnswer('sh: 1: findmnt: not found'), {
    type: 'other',
    line: 'sh: 1: findmnt: not found',
  });
});

test('the times of a boot are taken whole or not at all', () => {
  const times = {
    init: 3.4,
    phases: [{ phase: 'mount', start: 3.5, seconds: 0.6, steps: [{ step: 'devices', seconds: 0.2 }] }],
    handover: 5.9,
  };
  assert.deepEqual(parseAnswer(`boot ${JSON.stringify(times)}`), { type: 'boot', times });
  for (const broken of [
    '{"init": 3.4, "phases": [], "hand',
    '{"inniit": 3.4, "phases": [], "handover": 5.9}',
    '{"init": 3.4, "phases": [{"phase": "mount", "start": 3.5, "secoonds": 0.6}], "handover": 5.9}',
    '{"init": 3.4, "phases": [{"phase": "moount", "start": 3.5, "seconds": 0.6}], "handover": 5.9}',
    '{"init": 3.4, "handover": 5.9}',
    'null',
    '',
  ]) {
    const line = `boot ${broken}`;
    assert.deepEqual(parseAnswer(line), { type: 'other', line });
  }
});

test('milestones are read off console lines', () => {
  assert.equal(milestoneOf('[    0.000000] Linux version 6.12.117+deb13-amd64 (debian-kernel)'), 'kernel');
  assert.equal(milestoneOf('mkma: loading /base.cpio.zst'), 'init');
  assert.equal(milestoneOf('[   15.1] systemd[1]: systemd 257.9 running in system mode'), 'systemd');
  assert.equal(milestoneOf('box login: root (automatic login)'), 'login');
  assert.equal(milestoneOf('box login:'), 'login');
  assert.equal(milestoneOf('[    1.0] clocksource: jiffies'), undefined);
});

test('firmware that starts nothing ends the wait; the same words of a running system do not', () => {
  for (const line of [
    'error: bad shim signature.',
    'BdsDxe: No bootable option or device was found.',
    '>>Start PXE over IPv4.',
    'UEFI Interactive Shell v2.2',
  ]) {
    const watch = new ConsoleWatch();
    watch.take('BdsDxe: starting Boot0001 "UEFI QEMU USB HARDDRIVE"');
    watch.take('Welcome to GRUB!');
    assert.equal(watch.failed, undefined);
    watch.take(line);
    assert.equal(watch.failed, line);
    const started = new ConsoleWatch();
    started.take('[    0.000000] Linux version 6.12.117+deb13-amd64 (debian-kernel)');
    started.take(line);
    assert.equal(started.failed, undefined);
  }
});

test('milestones only go forward', () => {
  const watch = new ConsoleWatch();
  assert.equal(watch.take('box login: root (automatic login)'), 'login');
  assert.equal(watch.take('[   99.0] systemd[1]: Stopping'), undefined);
  assert.equal(watch.milestone, 'login');
});

test('a failed init and a panic are failures, told with what follows', () => {
  for (const line of [`${INIT_FAILED} mount`, '[ 1.5] Kernel panic - not syncing: VFS: Unable to mount']) {
    const watch = new ConsoleWatch();
    watch.take('before');
    watch.take(line);
    watch.take('why it failed');
    watch.take('');
    watch.take('what to do');
    assert.equal(watch.failed, line);
    assert.equal(watch.lastWords(), 'why it failed\nwhat to do');
  }
});

test('without a failure the last words are the last dozen lines', () => {
  const watch = new ConsoleWatch();
  for (let i = 1; i <= 50; i++) watch.take(`line ${i}`);
  assert.equal(watch.failed, undefined);
  assert.equal(watch.lastWords().split('\n').length, 12);
  assert.ok(watch.lastWords().endsWith('line 50'));
});

test('powering down is seen', () => {
  const watch = new ConsoleWatch();
  watch.take('[   61.0] systemd-shutdown[1]: Powering off.');
  assert.equal(watch.poweredDown, false);
  watch.take('[   61.2] reboot: Power down');
  assert.equal(watch.poweredDown, true);
});

test('control sequences and carriage returns are not part of a console line', () => {
  assert.equal(
    plainLine('\x1b[!p\x1b]104\x07\x1b[?7h[\x1b[0;32m  OK  \x1b[0m] Reached\r'),
    '[  OK  ] Reached',
  );
});
