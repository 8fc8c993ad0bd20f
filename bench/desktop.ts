/**
 * `sudo ./bench/run desktop`: the preset desktop in both forms of a base: its size, its boot to the painted desktop, its
 * RAM at rest.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BASE_FILES, FILES, type ImageFormat, PARAM } from '../src/core/contract.js';
import { formatBytes } from '../src/core/text/size.js';
import { chooseAccel } from '../src/host/qemu/accel.js';
import type { Picture } from '../src/host/screen/picture.js';
import { DISK_UUID, makeBaseDisk, PLACES } from './boot/disk.js';
import { type Booted, bootOnce, type Trial } from './boot/once.js';
import { describeHost } from './host.js';
import { median } from './pairs.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: { boots: { type: 'string', default: '3' }, browser: { type: 'string', default: 'firefox-esr' } },
});

const BASE_FORMATS = ['cpio', 'erofs'] as const satisfies readonly ImageFormat[];
/** Room for a whole desktop unpacked into RAM. */
const MEMORY_MIB = 4096;
/** Where the bar is, in points from the top, and how many colours its letters have at least. */
const BAR = { height: 24, colours: 10 };
/** The session with its bar, and a minute in which what was only started at first ends. */
const REST =
  'until systemctl --user --machine user@ is-active --quiet graphical-session.target waybar; do sleep 2; done; sleep 60';
const TRIAL: Trial = { memoryMiB: MEMORY_MIB, rest: REST, limit: 900, isPainted: hasBar };

const turns = Number(values.boots);
if (!Number.isInteger(turns) || turns < 1) throw new Error(`--boots ${values.boots} is no number of turns`);

const folder = join(repository, '.test', `desktop-${values.browser}`);
mkdirSync(folder, { recursive: true });
const scratch = mkdtempSync(join(repository, '.test/desktop-bench-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

for (const form of BASE_FORMATS) build(form);
const { processor, processors, kernel } = describeHost(join(folder, 'cpio'));
process.stdout.write(
  `${processors} processors (${processor}), Linux ${kernel}; ${values.boots} boots each\n`,
);
const boots: Record<ImageFormat, Booted[]> = { cpio: [], erofs: [] };
const disks = Object.fromEntries(BASE_FORMATS.map((form) => [form, diskOf(form)])) as Record<
  ImageFormat,
  string
>;
const cache = join(repository, '.test');
const accel = await chooseAccel(
  { accel: 'auto', kernel: join(folder, 'erofs', FILES.kernel), cache },
  { emit: () => undefined, signal: new AbortController().signal },
);
if (!accel.ok) throw new Error(JSON.stringify(accel.problem));
for (let turn = 0; turn < turns; turn++) {
  for (const form of BASE_FORMATS) {
    const contestant = {
      name: form,
      kernel: join(folder, form, FILES.kernel),
      initrd: join(folder, form, FILES.initramfs),
      append: `${PARAM.device}=UUID=${DISK_UUID} ${PARAM.path}=${PLACES.cpio}`,
    };
    const booted = await bootOnce(contestant, disks[form], accel.value.accel, scratch, TRIAL);
    if (booted.painted === undefined) throw new Error(`${form}: the bar was never painted`);
    boots[form].push(booted);
  }
}
for (const form of BASE_FORMATS) {
  const of = (figure: (booted: Booted) => number): number => median(boots[form].map(figure));
  process.stdout.write(
    `${BASE_FILES[form]}: ${formatBytes(statSync(join(folder, form, BASE_FILES[form])).size)}, painted after ` +
      `${of(({ painted }) => painted ?? Number.NaN).toFixed(1)} s (/init to systemd ${of(({ handover }) => handover).toFixed(1)} s, ` +
      `login ${of(({ login }) => login).toFixed(1)} s), ${formatBytes(of(({ memory }) => memory))} of RAM in use at rest\n`,
  );
}

/** Whether the bar is there: letters, which nothing else has at the top. */
function hasBar(picture: Picture): boolean {
  if (picture.width < 800) return false;
  const { width } = picture;
  const top = picture.points.subarray(0, BAR.height * width * 3);
  const seen = new Set<number>();
  for (let i = 0; i < top.length; i += 3) {
    seen.add(((top[i] ?? 0) << 16) | ((top[i + 1] ?? 0) << 8) | (top[i + 2] ?? 0));
  }
  return seen.size >= BAR.colours;
}

/** Build the images; where nothing has changed that takes a moment. */
function build(form: ImageFormat): void {
  const output = join(folder, form);
  const config = join(folder, 'mkma.config.json');
  const extended = [{ preset: 'desktop', with: { browser: values.browser } }];
  writeFileSync(config, JSON.stringify({ extends: extended }));
  const main = join(repository, 'dist/host/main.js');
  const command = [main, 'build', '--config', config, '--format', form, '--output', output];
  const built = spawnSync(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (built.status !== 0) throw new Error(`the images of ${form} could not be built`);
}

function diskOf(form: ImageFormat): string {
  return makeBaseDisk(join(folder, form, BASE_FILES[form]), join(scratch, form));
}
