/** The phases of early boot, in order. Each ends in what the next one needs, or in a Problem. */

import type { InitramfsManifest } from '../../core/boot/initramfs.js';
import {
  BOOT_RECORD,
  type BootRecord,
  type LeftOut,
  type LoadedImage,
  type PhaseTime,
  type StepTime,
} from '../../core/boot/record.js';
import { PHASES, type Phase } from '../../core/contract.js';
import type { ImageInfo } from '../../core/image/image.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { sortByName } from '../../core/text/path.js';
import { toHundredths } from '../../core/text/time.js';
import type { Machine } from '../machine.js';
import { memoryInfo } from '../meminfo.js';
import { mustMakeFolder } from '../must.js';
import { bugProblem } from './bug.js';
import { chooseFileSystem } from './candidates.js';
import { checkInit, handOver } from './handover.js';
import { type FoundBase, findBase, findLayers } from './images.js';
import { keepView } from './keep-view.js';
import { checkInitramfs } from './kernel.js';
import { chooseLayers, type LayerChoice, loadLayers, sayLeftOut } from './layers.js';
import { loadBase, readBase } from './load.js';
import { type Drivers, driversOf } from './modules.js';
import { BASE, LAYERS, NEW_ROOT, RAM, STORAGE } from './places.js';
import { measure, mountRam, needOf, needOfBase } from './ram.js';
import { lowerReserve } from './reserve.js';
import { say, sayFailure } from './say.js';
import { readSettings, type Settings } from './settings.js';
import { stackOverlay, type Top } from './stack.js';
import { checkAttached, findStorage, mountStorage, releaseStorage, type Storage } from './storage.js';
import { type Undo, undoList } from './undo.js';

/** What the phases know and hand on. */
interface Boot {
  readonly machine: Machine;
  readonly settings: Settings;
  readonly undo: Undo;
  readonly drivers: Drivers;
  readonly started: number;
  readonly phases: PhaseTime[];
  /** Of the phase that runs. */
  readonly steps: StepTime[];
  /** Whether the storage device was looked for among all devices, not only virtual ones. */
  amongAll?: boolean;
  /** What the initramfs says of itself. */
  initramfs?: InitramfsManifest;
  storage?: Storage;
  /** Nodes of devices that fit the name of the storage device as well. */
  others?: readonly string[];
  base?: FoundBase;
  /** What the base tells of itself. */
  info?: ImageInfo;
  choice?: LayerChoice;
  /** What is in RAM: the base, then the layers. */
  readonly images: LoadedImage[];
  readonly leftOut: LeftOut[];
  /** Of the overlay itself. */
  stackWarnings?: readonly string[];
  ramBytes?: number;
  availableBytes?: number;
}

const RUN: Readonly<Record<Phase, (boot: Boot) => Result<void>>> = { mount, load, layers, handover };

/**
 * Boot up to the handover. `true`: everything is ready and the stub has its note. `false`: it was told why not, and
 * everything is as before, so that it can be tried again.
 */
export function bootMachine(machine: Machine): boolean {
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
  // Whoever now sits before a shell needs a keyboard, and is to come to the shell whatever fails.
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

/** Do a part of a phase, and note how long it took. */
function step<T>({ machine, steps }: Boot, name: string, work: () => T): T {
  const start = machine.uptime();
  const done = work();
  steps.push({ step: name, seconds: toHundredths(machine.uptime() - start) });
  return done;
}

/** Phase "mount": the storage device, found and mounted read-only, with a base on it. */
function mount(boot: Boot): Result<void> {
  const { machine, undo, drivers } = boot;
  const kernel = checkInitramfs(machine);
  if (!kernel.ok) return kernel;
  boot.initramfs = kernel.value;
  for (const folder of [STORAGE, RAM, NEW_ROOT]) mustMakeFolder(machine, folder);
  const looked = lookForBase(boot);
  if (looked.ok || boot.amongAll === true) return looked;
  // Another device of that name may hold it, which only other drivers bring to light.
  undo.drop(['umount', STORAGE]);
  machine.run(['umount', STORAGE]);
  drivers.loadAll();
  return lookForBase(boot);
}

/** Find the storage device, mount it, and find the base on it. */
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

/** Phase "load": what is to be loaded is looked at as a whole, then the base goes into RAM. */
function load(boot: Boot): Result<void> {
  const { machine, settings, undo } = boot;
  const base = known(boot.base);
  const info = step(boot, 'manifest of the base', () => readBase(machine, base));
  if (!info.ok) return info;
  const found = findLayers(machine, settings.path);
  if (!found.ok) return found;
  const choice = step(boot, 'manifests of layers', () => chooseLayers(machine, settings, found.value));
  for (const warning of choice.warnings) say(machine, `warning: ${warning}`);
  const layers = choice.chosen.flatMap(({ manifest }) => (manifest === undefined ? [] : [needOf(manifest)]));
  const need = needOfBase(info.value);
  const ram = mountRam(machine, settings, need === undefined ? layers : [need, ...layers]);
  if (!ram.ok) return ram;
  undo.push(['umount', RAM]);
  lowerReserve(machine);
  boot.availableBytes = memoryInfo(machine, 'MemAvailable');
  const loaded = step(boot, 'base', () => loadBase(machine, settings, base, info.value, undo));
  if (!loaded.ok) return loaded;
  boot.choice = choice;
  boot.info = info.value;
  boot.ramBytes = ram.value;
  boot.images.push(loaded.value);
  return ok();
}

/** Phase "layers": the layers into RAM; then the storage is released, and all is stacked. */
function layers(boot: Boot): Result<void> {
  const { machine, settings, undo } = boot;
  const { chosen, leftOut } = known(boot.choice);
  const base = { image: known(boot.images[0]), manifest: known(boot.info).manifest };
  const loaded = step(boot, 'layers', () => loadLayers(machine, settings, base, chosen));
  boot.images.push(...loaded.images);
  boot.leftOut.push(...sortByName([...leftOut, ...loaded.leftOut], ({ file }) => file));
  sayLeftOut(machine, boot.leftOut);
  if (boot.leftOut.some(({ asked }) => !asked)) {
    const attached = checkAttached(machine, known(boot.storage));
    if (!attached.ok) return attached;
  }
  const released = step(boot, 'release of the storage', () => releaseStorage(machine));
  if (!released.ok) return released;
  undo.drop(['umount', STORAGE]);
  const names = loaded.images.map(({ layer }) => known(layer));
  const held = known(boot.info).format === 'erofs';
  const stack = { layers: names, top: topOf(boot), held, xino: known(boot.initramfs).xino !== false };
  const stacked = step(boot, 'overlay', () => stackOverlay(machine, stack, undo));
  if (!stacked.ok) return stacked;
  for (const warning of stacked.value) say(machine, `warning: ${warning}`);
  boot.stackWarnings = stacked.value;
  return ok();
}

/** The highest image that has a say in the root: of other tools' cpio does not tell what it held of it. */
function topOf(boot: Boot): Top {
  const layer = boot.images.findLast(({ kind, verified }) => kind === 'layer' && verified)?.layer;
  const chosen = known(boot.choice).chosen.find(({ image }) => image.layer === layer);
  const manifest = layer === undefined ? known(boot.info).manifest : chosen?.manifest;
  return {
    folder: layer === undefined ? BASE : `${LAYERS}/${layer}`,
    attributes: manifest?.attributes.find(({ path }) => path === '.')?.values ?? {},
  };
}

/** Phase "handover": leave the record, move the mounts. */
function handover(boot: Boot): Result<void> {
  const { machine, settings, undo } = boot;
  const init = checkInit(machine, settings.init);
  if (!init.ok) return init;
  const now = machine.uptime();
  mustMakeFolder(machine, '/run/mkma');
  if (!machine.write(BOOT_RECORD, `${JSON.stringify(record(boot, now))}\n`)) {
    return err({
      code: 'boot-record-unwritten',
      what: 'cannot write the record of this boot',
      where: BOOT_RECORD,
      next: 'see df /run',
    });
  }
  keepView(machine, settings.init);
  say(machine, `handing over to ${settings.init} after ${(now - boot.started).toFixed(1)} s`);
  handOver(machine, settings.init, undo);
  return ok();
}

function record(boot: Boot, now: number): BootRecord {
  const { machine, settings, phases, started } = boot;
  const room = measure(machine);
  const storage = known(boot.storage);
  return {
    format: 1,
    storage: {
      asked: settings.device?.asked ?? '',
      device: storage.node,
      type: storage.type,
      path: settings.path === '' ? '/' : settings.path,
      ...(known(boot.others).length === 0 ? {} : { others: known(boot.others) }),
    },
    images: boot.images,
    leftOut: boot.leftOut,
    warnings: [
      ...storage.warnings,
      ...known(boot.base).warnings,
      ...known(boot.choice).warnings,
      ...known(boot.stackWarnings),
    ],
    ramBytes: known(boot.ramBytes),
    usedBytes: room.bytes - room.freeBytes,
    availableBytes: known(boot.availableBytes),
    phases,
    started,
    handover: now,
  };
}

/** A value that an earlier phase has set; anything else is a bug. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a phase ran without the one before it');
  return value;
}
