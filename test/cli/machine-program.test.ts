/** The program of the running machine on its own engine, in the built tree: what a fake machine cannot show. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { RECORD } from '../unit/guest/mkma/booted.js';
import { sharedImages } from './images.js';

const images = sharedImages();

/** $1 is the tree, $2 a record of early boot or nothing; the tree itself stays as it is. */
const ENTER = `set -e
root=$1 record=$2; shift 2
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
[ -z "$record" ] || { mkdir "$root/run/mkma"; printf '%s' "$record" >"$root/run/mkma/boot.json"; }
exec chroot "$root" "$@"`;

/** Run a command in the tree, whose early boot left this record. */
function inMachine(record: unknown, ...argv: string[]) {
  const left = record === undefined ? '' : JSON.stringify(record);
  const args = ['--mount', 'sh', '-c', ENTER, 'sh', join(images as string, 'chroot'), left, ...argv];
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

test('mkma status under QuickJS, in text and as JSON', () => {
  const text = inMachine(RECORD, 'mkma', 'status');
  assert.match(text.stdout, /^base {7}box, made 2026-01-31 12:34 UTC, sha256:0123456789ab, verified\n/);
  assert.match(text.stdout, /\nRAM +\S+ [GM]iB {2}in this machine, \S+ [GM]iB available\n/);
  assert.deepEqual([text.stderr, text.code], ['', 0]);
  const json = inMachine(RECORD, 'mkma', 'status', '--json');
  assert.deepEqual(JSON.parse(json.stdout).times.phases, RECORD.phases);
});

test('names with any byte come out as they went in', () => {
  const record = { ...RECORD, storage: { ...RECORD.storage, asked: 'LABEL=m\u00fc\udcff' } };
  const { stdout } = inMachine(record, 'mkma', 'status');
  assert.ok(stdout.includes('"LABEL=m\u00fc\\377": /dev/vda'), stdout);
});

test('exit codes: 1 where there is no record, 2 for what is no command', () => {
  const none = inMachine(undefined, 'mkma', 'status');
  assert.match(
    none.stderr,
    /^error: this machine was not booted by mkma: \/run\/mkma\/boot\.json \[not-booted-by-mkma\]\n/,
  );
  assert.deepEqual([none.stdout, none.code], ['', 1]);
  const wrong = inMachine(undefined, 'mkma', 'statsu');
  assert.match(
    wrong.stderr,
    /^error: unknown command 'statsu' \[unknown-command\]\n {2}next: did you mean status\?/,
  );
  assert.equal(wrong.code, 2);
});

test("options that qjs has too are the program's own", () => {
  for (const option of ['-e', '--std', '-i']) {
    const { stderr, code } = inMachine(undefined, 'mkma', option, '1');
    assert.match(stderr, /^error: unknown command '-/);
    assert.equal(code, 2);
  }
  assert.match(inMachine(undefined, 'mkma', '-h').stdout, /^Usage\n {2}mkma persist/);
});
