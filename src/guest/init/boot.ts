/** The phases of early boot, in order. Each ends with what the next one needs, or with a Problem. */

import { BOOT_RECORD, isMounted } from '../../core/boot/record.js';
import { OVERLAY, PHASES, type Phase } from '../../core/contract.js';
import { DERIVED_MARK } from '../../core/derived/mark.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { sortByName } from '../../core/text/path.js';
import { toHundredths } from '../../core/text/time.js';
import { memoryInfo } from '../meminfo.js';
import { mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { bootRecord } from './boot-record.js';
import { type Boot, known } from './boot-state.js';
import { bugProblem } from './bug.js';
import { chooseFileSystem } from './candidates.js';
import { chooseLayers } from './choose-layers.js';
import { composeLoaded } from './compose-loaded.js';
import { BASE, LAYERS, NEW_ROOT, RAM, STORAGE } from './folders.js';
import { checkInit, handOver } from './handover.js';
import { settleIdentity } from './identity.js';
import { findBase, findLayers } from './images.js';
import { keepView } from './keep-view.js';
import { checkInitramfs } from './kernel.js';
import { readLastSession } from './last-session.js';
import { loadLayers, sayLeftOut } from './layers.js';
import { findLayersPlace } from './layers-storage.js';
import { loadBase, readBase } from './load.js';
import { markDerived } from './mark-derived.js';
import { driversOf } from './modules.js';
import { closeStorage, openStorage } from './open-storage.js';
import { mountRam, needOfImage } from './ram.js';
import { lowerReserve } from './reserve.js';
import { say, sayFailure } from './say.js';
import { readSettings } from './settings.js';
import { stackOverlay, type Top } from './stack.js';
import { checkAttached, findStorage, mountStorage, releaseStorage } from './storage.js';
import { undoList } from './undo.js';

const RUN: Readonly<Record<Phase, (boot: Boot) => Result<void>>> = { mount, load, layers, handover };

/**
 * Boots up to the handover. `true`: everything is ready and the stub has its note. `false`: the failure was
 * reported, and everything is undone, so that it can be retried.
 */
export function bootMachine(machine: GuestSystem): boolean {
  const started = machine.uptime();
  const undo = undoList(machine);
  const drivers = driversOf(machine);
  let phase: Phase = 'mount';
  let problem: Problem | undefined;
  try {
    const settings = readSettings(machine.readText('/proc/cmdline') ?? '');
    if (!settings.ok) problem = settings.problem;
    else {
      const boot: Boot = {
        machine,
        settings: settings.value,
        undo,
        drivers,
        started,
        phases: [],
        steps: [],
        images: [],
        leftOut: [],
      };
      for (phase of PHASES) {
        problem = runPhase(boot, phase);
        if (problem !== undefined) break;
      }
    }
  } catch (bug) {
    problem = bugProblem(bug);
  }
  if (problem === undefined) return true;
  const left = undo.all();
  sayFailure(machine, phase, problem);
  // The shell that follows needs a keyboard, and must open whatever fails.
  try {
    drivers.loadAll();
  } catch (bug) {
    say(machine, `could not load drivers: ${bugProblem(bug).what}`);
  }
  for (const line of left) say(machine, `could not undo: ${line}`);
  return false;
}

function runPhase(boot: Boot, phase: Phase): Problem | undefined {
  const { machine, settings, drivers } = boot;
  if (settings.breakAt === phase) {
    drivers.loadAll();
    say(machine, `shell before phase ${phase}, as mkma_break requests; exit to continue`);
    machine.shell();
  }
  const start = machine.uptime();
  const done = RUN[phase](boot);
  const steps = boot.steps.splice(0);
  boot.phases.push({ phase, start, seconds: toHundredths(machine.uptime() - start), steps });
  return done.ok ? undefined : done.problem;
}

/** Runs a part of a phase, and records its time. */
function step<T>({ machine, steps }: Boot, name: string, work: () => T): T {
  const start = machine.uptime();
  const done = work();
  steps.push({ step: name, seconds: toHundredths(machine.uptime() - start) });
  return done;
}

/** Phase "mount": finds the storage device with a base, and mounts it read-only. */
function mount(boot: Boot): Result<void> {
  const { machine, undo, drivers } = boot;
  const kernel = checkInitramfs(machine);
  if (!kernel.ok) return kernel;
  boot.initramfs = kernel.value;
  for (const folder of [STORAGE, RAM, NEW_ROOT]) mustMakeFolder(machine, folder);
  const opened = step(boot, 'encrypted and logical volumes', () =>
    openStorage(machine, { ...boot, manifest: kernel.value }),
  );
  if (!opened.ok) return opened;
  boot.closing = opened.value;
  const looked = lookForBase(boot);
  if (looked.ok || boot.amongAll === true) return looked;
  // Another device of that name may contain it, which only other drivers make appear.
  undo.drop(['umount', STORAGE]);
  machine.run(['umount', STORAGE]);
  drivers.loadAll();
  return lookForBase(boot);
}

/** Finds the storage device, mounts it, and finds the base on it. */
function lookForBase(boot: Boot): Result<void> {
  const { machine, settings, undo, drivers } = boot;
  const found = step(boot, 'devices and their drivers', () => findStorage(machine, settings, drivers));
  boot.amongAll = drivers.complete;
  if (!found.ok) return found;
  const { devices, others } = chooseFileSystem(machine, settings, found.value);
  boot.others = others;
  const storage = step(boot, 'file system', () => mountStorage(machine, devices, drivers));
  if (!storage.ok) return storage;
  undo.push(['umount', STORAGE]);
  boot.storage = storage.value;
  const base = findBase(machine, settings.path);
  if (!base.ok) return base;
  boot.base = base.value;
  say(machine, `found ${base.value.shown} on ${storage.value.node} (${storage.value.type})`);
  for (const warning of base.value.warnings) say(machine, `warning: ${warning}`);
  return ok();
}

/** Phase "load": checks everything that will be loaded, then loads the base into RAM. */
function load(boot: Boot): Result<void> {
  const { machine, settings, undo } = boot;
  const base = known(boot.base);
  const info = step(boot, 'manifest of the base', () => readBase(machine, base));
  if (!info.ok) return info;
  const place = step(boot, 'device with layers', () => findLayersPlace(machine, settings, boot.drivers));
  boot.layersPlace = place;
  if (place.storage !== undefined) undo.push(['umount', place.root]);
  const found = findLayers(machine, place.root, place.path);
  if (!found.ok) return found;
  const choice = step(boot, 'manifests of layers', () => chooseLayers(machine, settings, found.value));
  for (const warning of choice.warnings) say(machine, `warning: ${warning}`);
  const needs = [info.value, ...choice.chosen].flatMap((image) => needOfImage(image) ?? []);
  const ram = mountRam(machine, settings, needs);
  if (!ram.ok) return ram;
  undo.push(['umount', RAM]);
  lowerReserve(machine);
  boot.availableBytes = memoryInfo(machine, 'MemAvailable');
  const loaded = step(boot, 'base', () => loadBase(machine, settings, base, info.value, undo));
  if (!loaded.ok) return loaded;
  boot.choice = choice;
  boot.lastSession = readLastSession(machine, place.root, place.path);
  boot.info = info.value;
  boot.ramBytes = ram.value;
  boot.images.push(loaded.value);
  return ok();
}

/** Phase "layers": loads the layers into RAM, releases the storage, and stacks the overlay. */
function layers(boot: Boot): Result<void> {
  const { machine, settings, undo } = boot;
  const { chosen, leftOut } = known(boot.choice);
  const base = { image: known(boot.images[0]), manifest: known(boot.info).manifest };
  const loaded = step(boot, 'layers', () => loadLayers(machine, settings, base, chosen, undo));
  const composed = step(boot, 'accounts and packages', () => composeLoaded(machine, loaded, undo));
  boot.images.push(...composed.images);
  boot.composed = composed;
  boot.derived = markDerived(loaded.applied, composed.images);
  boot.leftOut.push(...sortByName([...leftOut, ...composed.leftOut], ({ file }) => file));
  sayLeftOut(machine, boot.leftOut);
  if (boot.leftOut.some(({ asked }) => !asked)) {
    const attached = checkAttached(machine, known(boot.layersPlace).storage ?? known(boot.storage));
    if (!attached.ok) return attached;
  }
  const { storage: ofLayers, root } = known(boot.layersPlace);
  if (ofLayers !== undefined) {
    const gone = releaseStorage(machine, root);
    if (!gone.ok) return gone;
    undo.drop(['umount', root]);
  }
  const released = step(boot, 'release of the storage', () => releaseStorage(machine));
  if (!released.ok) return released;
  undo.drop(['umount', STORAGE]);
  const closed = closeStorage(machine, boot.closing ?? [], undo);
  if (!closed.ok) return closed;
  const stack = {
    layers: composed.images.map(({ layer }) => known(layer)),
    composed: composed.files.length > 0,
    top: topOf(boot),
    mounted: boot.images
      .filter(isMounted)
      .map(({ layer }) => (layer === undefined ? OVERLAY.base : `${OVERLAY.layers}/${layer}`)),
    several: boot.images.some(({ format }) => format === 'erofs'),
    xino: known(boot.initramfs).xino !== false,
  };
  const stacked = step(boot, 'overlay', () => stackOverlay(machine, stack, undo));
  if (!stacked.ok) return stacked;
  for (const warning of stacked.value) say(machine, `warning: ${warning}`);
  boot.stackWarnings = stacked.value;
  boot.identity = step(boot, 'identity', () => settleIdentity(machine));
  return ok();
}

/** The highest image that determines the root's attributes: archives of other tools do not record them. */
function topOf(boot: Boot): Top {
  const layer = boot.images.findLast(({ kind, verified }) => kind === 'layer' && verified)?.layer;
  const chosen = known(boot.choice).chosen.find(({ image }) => image.layer === layer);
  const manifest = layer === undefined ? known(boot.info).manifest : chosen?.manifest;
  return {
    folder: layer === undefined ? BASE : `${LAYERS}/${layer}`,
    attributes: manifest?.attributes.find(({ path }) => path === '.')?.values ?? {},
  };
}

/** Phase "handover": writes the record and moves the mounts. */
function handover(boot: Boot): Result<void> {
  const { machine, settings, undo } = boot;
  const init = checkInit(machine, settings.init);
  if (!init.ok) return init;
  const now = machine.uptime();
  mustMakeFolder(machine, '/run/mkma');
  if (!machine.write(BOOT_RECORD, `${JSON.stringify(bootRecord(boot, now))}\n`)) {
    return err({
      code: 'boot-record-unwritten',
      what: 'cannot write the record of this boot',
      where: BOOT_RECORD,
      next: 'see df /run',
    });
  }
  // Without it, caches are as the layers have them.
  if (boot.derived !== undefined) machine.write(DERIVED_MARK, `${JSON.stringify(boot.derived)}\n`);
  keepView(machine, settings.init);
  say(machine, `handing over to ${settings.init} after ${(now - boot.started).toFixed(1)} s`);
  handOver(machine, settings.init, undo);
  return ok();
}
