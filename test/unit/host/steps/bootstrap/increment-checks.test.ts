/** When packages are not added to a cached tree, and why. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { disturbance, mentioned } from '../../../../../src/host/steps/bootstrap/increment-checks.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-checks-'));
after(() => rmSync(folder, { recursive: true }));

const KERNEL = 'linux-image-6.12_6.12-1_amd64.deb';
writeFileSync(
  join(folder, 'packages.txt'),
  'libc6 2.41-12 amd64\ntzdata 2025b-4 all\nkernel linux-image-6.12\n',
);
writeFileSync(join(folder, 'kernel.debs'), `0123  ./${KERNEL}\n`);
const parent = { path: folder, id: '', at: '' };

function why(all: readonly string[], more: readonly string[], kernel = KERNEL): string | undefined {
  const lines = (of: readonly string[]): string => of.map((line) => `${line}\n`).join('');
  const inst = (of: readonly string[]): string =>
    lines(of.map((one) => (one.includes('(') ? one : `Inst ${one}`)));
  const answers = new Map([
    ['all', inst(all)],
    ['more', inst(more)],
    ['kernel', `${kernel}\n`],
  ]);
  return disturbance(answers, parent);
}

const LIBC = 'libc6 (2.41-12 Debian:13 [amd64])';
const TZ = 'tzdata (2025b-4 Debian:13 [all])';
const JQ = 'jq (1.7-1 Debian:13 [amd64])';
const as = (one: string): string => `Inst ${one}`;

test('the same packages in the same versions: it is added', () => {
  assert.equal(why([as(LIBC), as(TZ), as(JQ)], [as(JQ)]), undefined);
});

test('anything else is a reason', () => {
  const newer = as('libc6 (2.41-13 Debian:13 [amd64])');
  assert.match(why([newer, as(TZ), as(JQ)], [as(JQ)]) ?? '', /other versions .*libc6 2.41-13/);
  const upgrade = as('libc6 [2.41-12] (2.41-13 Debian:13 [amd64])');
  assert.match(why([newer, as(TZ), as(JQ)], [upgrade, as(JQ)]) ?? '', /replaces or removes libc6/);
  assert.match(why([as(LIBC), as(JQ)], [as(JQ)]) ?? '', /other packages would be chosen: not tzdata/);
  const kernel = as('linux-headers-amd64 (6.12-1 Debian:13 [amd64])');
  assert.match(why([as(LIBC), as(TZ), kernel], [kernel]) ?? '', /brings linux-headers-amd64/);
  const other = 'linux-image-6.12_6.12-2_amd64.deb';
  assert.match(why([as(LIBC), as(TZ), as(JQ)], [as(JQ)], other) ?? '', /another kernel/);
  // An epoch is in the name of the stored file alone.
  writeFileSync(join(folder, 'kernel.debs'), '0123  ./linux-image-6.12_1%3a6.12-1_amd64.deb\n');
  assert.equal(why([as(LIBC), as(TZ), as(JQ)], [as(JQ)]), undefined);
});

/** Files of dpkg's folder in a tree. */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, name, 'var/lib/dpkg/info', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return join(folder, name);
}

test('a script of a package that was there and asks for a file or command of a new one', () => {
  const list = '/.\n/usr\n/usr/bin\n/usr/bin/jq\n/usr/share/jq\n/usr/share/jq/data\n';
  const asking = (script: string): string | undefined => {
    const name = `case${Math.random()}`;
    tree(`${name}/lower/chroot`, { 'old.postinst': script, 'old.list': '/.\n' });
    const upper = tree(`${name}/upper`, { 'jq.list': list, 'jq.postinst': 'command -v jq' });
    const root = tree(`${name}/root`, { 'old.postinst': script, 'jq.list': list, 'old.list': '/.\n' });
    return mentioned(root, upper, [{ path: join(folder, name, 'lower'), id: '', entry: '' }]);
  };
  assert.match(asking('if command -v jq >/dev/null; then jq; fi') ?? '', /^old asks for jq/);
  assert.match(asking('if [ -x /usr/bin/jq ]; then jq; fi') ?? '', /^old asks for \/usr\/bin\/jq/);
  assert.match(asking('if [ -f /usr/share/jq/data ]; then :; fi') ?? '', /^old asks for/);
  assert.equal(asking('if command -v systemctl; then [ -d /usr/share ]; fi; echo jq'), undefined);
});
