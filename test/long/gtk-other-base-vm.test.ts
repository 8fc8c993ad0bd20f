/** A program of GTK opens its window in a machine whose base was rebuilt, under a layer of the old one. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { execute, main, temporary } from '../cli/cli.js';
import { GTK_PACKAGES, makeOwn } from '../vm/gtk.js';
import { builtImages, Vm } from '../vm/harness.js';
import { putScript } from '../vm/script.js';

/** Seconds for a program of GTK to open its window in an emulated machine. */
const WINDOW_SECONDS = 200;

const OPENS = `Xvfb :7 -screen 0 800x600x24 >/dev/null 2>&1 & x=$!
mousepad=; until xwininfo -display :7 -root >/dev/null 2>&1; do sleep 1; done
DISPLAY=:7 mousepad --disable-server /etc/hosts >/run/said 2>&1 & mousepad=$!
until xwininfo -display :7 -root -tree | grep -q 'hosts - Mousepad'; do
  kill -0 $mousepad 2>/dev/null || { cat /run/said; kill $x; exit 1; }
  sleep 1
done
cat /run/said; kill $mousepad $x
`;

async function build(images: string, ...packages: string[]): Promise<void> {
  const config = join(images, 'machine.json');
  mkdirSync(images, { recursive: true });
  const machine = {
    ...{ extends: ['console'], hostname: 'gtk', packages: [...GTK_PACKAGES, 'x11-utils', ...packages] },
    users: { root: { autologin: ['ttyS0'] } },
  };
  writeFileSync(config, JSON.stringify(machine));
  const args = ['build', '--config', config, '--output', images, '--compression-level', '1'];
  const built = await execute(process.execPath, [main, ...args]);
  assert.equal(built.code, 0, built.stderr);
}

test('a program of GTK that the rebuilt base has opens its window under an old layer', async () => {
  using folder = temporary();
  const images = join(dirname(builtImages()), 'gtk-vm');
  await build(images);
  const deb = readFileSync(makeOwn(folder.path));
  {
    await using vm = await Vm.login('', { images, args: ['--fresh-disk', '--memory', '3072'] });
    const unpack = `base64 -d >/run/own.deb <<'END'\n${deb.toString('base64')}\nEND\n`;
    await putScript(vm, '/run/unpack', unpack);
    await vm.ask('sh /run/unpack; dpkg --install /run/own.deb >/dev/null', 300);
    assert.match(await vm.ask('mkma persist --all --level 1', 300), /saved \d+ changes as /);
    assert.equal(await vm.powerOff(), 0);
  }
  await build(images, 'mousepad');
  await using vm = await Vm.login('', { images, args: ['--memory', '3072'] });
  assert.doesNotMatch(vm.transcript, /LEFT OUT/);
  assert.match(await vm.ask('mkma status'), /^layers? /m);
  assert.equal(await vm.ask('dpkg-query -W own | cut -f2'), '1');
  // Which the layer below would have kept from it, as one that was made on another base.
  assert.equal(await vm.ask('systemctl show -P Result mkma-derived'), 'success');
  const schemas = await vm.ask('gsettings list-schemas', 100);
  assert.match(schemas, /^org\.xfce\.mousepad\.preferences/m);
  assert.match(schemas, /^org\.example\.own$/m);
  assert.match(await vm.ask('gio mime text/x-own', 100), /own\.desktop/);
  await putScript(vm, '/run/opens', OPENS);
  const said = await vm.ask(`timeout ${WINDOW_SECONDS} bash /run/opens`, WINDOW_SECONDS + 20);
  assert.doesNotMatch(said, /should not be reached|not installed/);
  assert.equal(await vm.powerOff(), 0);
});
