/**
 * Power cuts while a machine saves its changes. Each boot looks what the last cut has left, changes everything, starts to
 * save, and is cut off in turn. What QEMU (cache=writeback, its default) had from the machine is in the host's memory and
 * survives; what lay in the machine's own memory, not flushed, is lost.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Vm } from './harness.js';
import { bootFromDisk, imagesOnDisk } from './layer.js';
import { putScript } from './script.js';

export interface Counts {
  kills: number;
  /** Boots with what was there before, and with what was being saved. */
  old: number;
  new: number;
  /** Cuts after the machine had said that all is saved. */
  afterSaved: number;
  /** Boots that found what a broken write had left. */
  parts: number;
}

/** Cuts after which a machine gets a new disk: layers add up. */
const PER_DISK = 16;

/** The set number $1: a marker, data of random bytes with their checksums, a file of its own, a folder that changes its kind. */
const CHANGE = `#!/bin/sh
set -e
mkdir -p /root/set; cd /root/set
rm -rf only-* kind
for i in 1 2 3 4; do head -c 1500000 /dev/urandom >data.$i; done
sha256sum data.? >sums; echo "$1" >marker; : >"only-$1"
if [ $(($1 % 2)) = 0 ]; then mkdir kind; echo "$1" >kind/inside; else echo "$1" >kind; fi`;

/** Prints the number of the set that is there, whole and alone; fails where it is not. */
const LOOK = `#!/bin/sh
set -e
[ -e /root/set ] || { echo 0; exit; }
cd /root/set; n=$(cat marker)
sha256sum --check --quiet sums
[ "$(echo only-*)" = "only-$n" ]
if [ $((n % 2)) = 0 ]; then [ "$(cat kind/inside)" = "$n" ]; else [ "$(cat kind)" = "$n" ]; fi
echo "$n"`;

/** The names in the folder of the images. */
const FILES =
  'mkdir -p /run/disk; mount -o ro LABEL=layers /run/disk; ls -1A /run/disk/images; umount /run/disk';

interface Last {
  /** The number that was there before, and the one that was being saved. */
  readonly old: number;
  readonly next: number;
  readonly saved: boolean;
  readonly layers: number;
}

/** Cut the power so many times. `tell` gets a line about each cut. */
export async function cutPower(count: number, tell: (line: string) => void): Promise<Counts> {
  const counts: Counts = { kills: 0, old: 0, new: 0, afterSaved: 0, parts: 0 };
  while (counts.kills < count) await oneDisk(Math.min(PER_DISK, count - counts.kills), counts, tell);
  return counts;
}

async function oneDisk(cuts: number, counts: Counts, tell: (line: string) => void): Promise<void> {
  rmSync(imagesOnDisk(), { recursive: true });
  imagesOnDisk();
  const [append, more] = bootFromDisk();
  let last: Last = { old: 0, next: 0, saved: true, layers: 0 };
  // How long it takes from the first word about packing to the last: learnt from cuts that came too late.
  let takes = 6000;
  for (let i = 0; i <= cuts; i++) {
    await using vm = await Vm.login(append, more);
    await putScript(vm, '/run/change', CHANGE);
    await putScript(vm, '/run/look', LOOK);
    const is = await whatIsThere(vm, last);
    if (i > 0) {
      counts[is.number === last.next ? 'new' : 'old']++;
      if (is.part) counts.parts++;
      tell(
        `  ${is.number === last.next ? 'new' : 'old'}${last.saved ? ', after it was saved' : ''}${is.part ? ', and a broken one' : ''}`,
      );
    }
    if (i === cuts) {
      await completeOne(vm, is.number);
      assert.equal(await vm.powerOff(), 0);
      return;
    }
    const next = last.next + 1;
    await vm.ask(`/run/change ${next}`);
    // Half of the cuts near the end, where names are changed.
    const share = Math.random() < 0.5 ? Math.random() : 0.75 + Math.random() * 0.4;
    const begun = await begin(vm);
    const until = begun + share * takes;
    while (performance.now() < until && !vm.shows(/saved \d+ changes as /)) await sleep(5);
    const reached = performance.now() - begun;
    const saved = vm.shows(/saved \d+ changes as /);
    if (saved) {
      counts.afterSaved++;
      takes = (takes + reached) / 2;
      await sleep(Math.random() * 300);
    } else if (share > 1) takes *= 1.2;
    await vm.cutPower();
    counts.kills++;
    tell(
      `cut ${counts.kills}: ${(reached / 1000).toFixed(2)} s after the packing began (it takes ${(takes / 1000).toFixed(1)} s)`,
    );
    last = { old: is.number, next, saved: saved || vm.shows(/saved \d+ changes as /), layers: is.layers };
  }
}

/** Start to save; returns when the packing began. */
async function begin(vm: Vm): Promise<number> {
  vm.type('mkma persist --all --ignore-rules --level 1');
  await vm.expect(/\npacking .* at level 1/, 120);
  return performance.now();
}

/** Exactly the old or the new set is there, and of the layers the old ones or one more. */
async function whatIsThere(vm: Vm, last: Last): Promise<{ number: number; layers: number; part: boolean }> {
  const number = Number(await vm.ask('/run/look'));
  assert.ok(number === last.old || number === last.next, `${number} is neither ${last.old} nor ${last.next}`);
  if (last.saved) assert.equal(number, last.next, 'it was said to be saved');
  const { layers, leftOut } = await vm.status();
  assert.deepEqual(leftOut, []);
  assert.ok(
    layers.every(({ verified, warnings = [] }) => verified && warnings.length === 0),
    JSON.stringify(layers),
  );
  assert.equal(layers.length, last.layers + (number === last.old ? 0 : 1));
  const files = (await vm.ask(FILES)).split('\n');
  const part = files.includes('.mkma-persist.part');
  assert.equal(files.length, 1 + layers.length + (part ? 1 : 0), files.join(' '));
  return { number, layers: layers.length, part };
}

/** One that is not cut off: what broken ones have left is gone afterwards. */
async function completeOne(vm: Vm, before: number): Promise<void> {
  await vm.ask(`/run/change ${before + 1}`);
  await vm.ask('mkma persist --all --ignore-rules --level 1', 200);
  assert.doesNotMatch(await vm.ask(FILES), /\.part/);
}
