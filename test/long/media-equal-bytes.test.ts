/** The same images give the same bytes on this host and on Debian 13: media and ISOs, twice on each, with boot programs fetched there. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execute, repository } from '../cli/cli.js';
import { sharedImages } from '../cli/images.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-equal-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Makes two of each from the images in $2 in the folder $3 by the mkma in $1, and prints their digests, without folders. */
const MAKE = `set -eu
unset SOURCE_DATE_EPOCH
mkdir "$3"
for n in 1 2; do
  node "$1/dist/host/main.js" install "$3/medium-$n" --size 1G --output "$2" --cache "$3/cache" >&2
  node "$1/dist/host/main.js" export iso "$3/iso-$n" --output "$2" --cache "$3/cache" >&2
done
cd "$3"
sha256sum medium-* iso-*
`;

/** Runs the script $3 in a bare Debian 13, with what mkma requires there and what its package consists of; $1: the checkout, $2: images. */
const ON_DEBIAN_13 = `set -eu
here=$1
. "$here/scripts/launch.sh"
. "$here/test/bare-machine.sh"
bootstrap trixie nodejs,mmdebstrap,zstd,mount,ca-certificates
mkdir -p "$scratch/root/mkma/dist"
cp -r "$here/dist/host" "$here/dist/guest" "$scratch/root/mkma/dist"
cp -r "$here/presets" "$here/package.json" "$scratch/root/mkma"
cp -r "$2" "$scratch/root/images"
cp "$3" "$scratch/root/make.sh"
inside 'grep -q ^13 /etc/debian_version && sh /make.sh /mkma /images /made'
`;

async function digests(...command: [string, ...string[]]): Promise<Map<string, string>> {
  const { code, stdout, stderr } = await execute('sh', command);
  assert.equal(code, 0, stdout + stderr);
  const lines = stdout.trim().split('\n');
  return new Map(lines.map((line) => line.split('  ').reverse() as [string, string]));
}

test('media and ISOs have the same bytes on this host and on Debian 13', async () => {
  const script = join(folder, 'make.sh');
  writeFileSync(script, MAKE);
  const images = join(folder, 'images');
  mkdirSync(images);
  for (const name of ['base.cpio.zst', 'initramfs.cpio.zst', 'vmlinuz', 'cmdline'])
    copyFileSync(join(sharedImages(), name), join(images, name));
  const here = await digests(script, repository, images, join(folder, 'made'));
  assert.deepEqual([...here.keys()], ['medium-1', 'medium-2', 'iso-1', 'iso-2']);
  assert.equal(here.get('medium-1'), here.get('medium-2'));
  assert.equal(here.get('iso-1'), here.get('iso-2'));
  const there = await digests('-c', ON_DEBIAN_13, 'sh', repository, images, script);
  assert.deepEqual(there, here);
});
