import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASE } from './harness.js';
import { resume } from './saved.js';
import { putScript } from './script.js';

const DISK = 'LABEL=layers';

/** Stays open until the test has it close, and drops every line. */
const EDITOR = `#!/bin/sh
touch /run/open; until [ -e /run/close ]; do sleep 0.2; done; sed -i d "$1"`;

test('nothing to save, an emptied list, an editor that fails, two at once, wrong usage: told, and nothing is written', async () => {
  await using vm = (await resume()).vm;
  const persist = (words: string, before = '') => vm.sh(`${before} mkma persist ${words}`, 200);
  await vm.ask('mkdir /run/disk; echo word >/root/note');

  const nothing = { output: 'nothing to save', exitCode: 0 };
  assert.deepEqual(await persist('--select /opt'), nothing);
  assert.deepEqual(await persist('', "EDITOR='sed -i d'"), nothing);
  assert.deepEqual(await persist('', "EDITOR=false VISUAL=': >'"), nothing, 'VISUAL goes first');

  const failed = await persist('', 'EDITOR=false');
  assert.match(
    failed.output,
    /^error: the editor failed \(exit code 1\): false \[editor-failed\]\n +why: .*\n +next: .*; nothing was saved/,
  );
  assert.equal(failed.exitCode, 1);
  const odd = await persist('', "EDITOR='sed -i s:/root/note:/root/other:'");
  assert.match(
    odd.output,
    /^error: invalid line in the edited list: line \d+: new +5 B +\/root\/other \[edited-list-invalid\]\n/,
  );
  assert.match(odd.output, /\n +why: the list had no such change\n/);
  assert.equal(odd.exitCode, 1);

  // The editor of the first is open while the second comes.
  await vm.ask('rm -f /run/mkma/persist.owner');
  await putScript(vm, '/run/editor', EDITOR);
  vm.type('EDITOR=/run/editor mkma persist >/run/first 2>&1 &');
  await vm.ask('while ! [ -e /run/open ]; do sleep 1; done');
  const second = await persist('--all');
  assert.match(
    second.output,
    /^error: another mkma is changing the layers: \/run\/mkma\/persist\.lock \[layers-locked\]\n/,
  );
  const [, owner] =
    /\n +why: held by process (\d+), since \d{4}-\d\d-\d\dT[\d:.]+Z\n +next: wait/.exec(second.output) ?? [];
  assert.equal(second.exitCode, 1);
  assert.match(await vm.ask(`tr '\\0' ' ' </proc/${owner}/cmdline`), /mkma\.js persist/);
  await vm.ask('touch /run/close; wait; cat /run/first');
  assert.deepEqual(await persist('--select /opt'), nothing, 'the lock is free again');

  for (const [words, told] of [
    ['--level 20', /^error: invalid zstd level: --level 20 \[level-invalid\]\n/],
    ['--name a/b', /^error: invalid label: --name a\/b \[label-invalid\]\n/],
    ['--all --select /etc', /^error: --all and --select exclude each other \[exclusive-options\]\n/],
    ['--select ""', /^error: empty pattern \[pattern-invalid\]\n/],
  ] as const) {
    const { output, exitCode } = await persist(words);
    assert.match(output, told);
    assert.equal(exitCode, 2, words);
  }
  const plain = await vm.sh('setpriv --reuid 65534 --regid 65534 --clear-groups mkma persist --all');
  assert.match(plain.output, /^error: only root can save changes \[needs-root\]\n/);
  assert.equal(plain.exitCode, 1);

  // Somebody has it mounted, and not for writing.
  await vm.ask(`mount -o ro ${DISK} /run/disk`);
  const mounted = await persist('--all --level 1');
  assert.match(
    mounted.output,
    /^error: cannot mount the storage device for writing: \/dev\/vda \(ext4\) \[storage-not-writable\]\n/m,
  );
  assert.match(mounted.output, /\n +already mounted: \/run\/disk +ro/);
  assert.match(mounted.output, /\n +next: unmount \/run\/disk, or mount it for writing/);
  assert.equal(mounted.exitCode, 1);

  assert.equal(await vm.ask('ls -1A /run/disk/images; umount /run/disk'), BASE);
  assert.equal((await vm.sh(`findmnt --noheadings --source ${DISK}`)).output, '');

  // Ctrl-C while it packs.
  await vm.ask('head -c 9M /dev/urandom | base64 -w 0 >/root/data');
  const ways: readonly [string, RegExp][] = [
    ['--format cpio', /\npacking .* at level 19/],
    ['--format erofs --level 9', /\npacking .* as EROFS at level 9/],
  ];
  for (const [how, packing] of ways) {
    vm.type(`mkma persist --all ${how}; echo "<$?>"`);
    await vm.expect(packing, 100);
    vm.press('\x03');
    await vm.expect(/interrupted/, 100);
    await vm.expect(/<130>/, 20);
  }
  assert.equal(
    await vm.ask(`mount -o ro ${DISK} /run/disk; ls -1A /run/disk/images; umount /run/disk`),
    BASE,
  );
});
