/** Values of options: parsed, checked, and refused with the option's name. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { BASE_FILES, type BaseFormat } from '../../core/contract.js';
import { MODULE_SETS, PARTS, type Part, ZRAM_MOST } from '../definition/choices.js';
import type { Forward } from '../tools/qemu.js';

function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
  };
}

function folder(path: string): string {
  if (path === '') throw new InvalidArgumentError('It must name a folder.');
  return resolve(path);
}

export const outputOption = () =>
  new Option('-o, --output <dir>', 'folder of the images').default('mkma_images').argParser(folder);

export const configOption = () =>
  new Option('-c, --config <file>', 'definition of the machine (default: mkma.config.ts, if there is one)');

export const presetOption = () =>
  new Option(
    '--preset <name>',
    'a machine that mkma brings along, instead of a definition (default: console)',
  );

export const cacheOption = () =>
  new Option('--cache <dir>', 'where stages and packages are kept between builds')
    .env('MKMA_CACHE')
    .argParser(folder);

export const proxyOption = () =>
  new Option(
    '--proxy <url>',
    "proxy for everything that is fetched, or direct for none (default: this host's: apt's settings, then http_proxy and https_proxy)",
  );

export const formatOption = () =>
  new Option(
    '--format <form>',
    'the base: cpio is unpacked into RAM, erofs stays compressed there (default: cpio)',
  ).choices(Object.keys(BASE_FILES) as BaseFormat[]);

/** Each part once, in the order in which mkma tells them. */
function parts(text: string, before: readonly Part[] = []): Part[] {
  const named = text.split(',').map((word) => word.trim());
  const unknown = named.find((word) => !(PARTS as readonly string[]).includes(word));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`"${unknown}" is none of ${PARTS.join(', ')}.`);
  }
  return PARTS.filter((part) => named.includes(part) || before.includes(part));
}

export const withoutOption = () =>
  new Option('--without <parts>', `leave out of the machine, any of ${PARTS.join(',')}`).argParser(parts);

/** Percent of the RAM where none is named. */
const ZRAM_DEFAULT = 50;

export const zramOption = () =>
  new Option(
    '--zram [percent]',
    `swap in compressed RAM, in percent of the RAM (${ZRAM_DEFAULT} if not given)`,
  )
    .preset(ZRAM_DEFAULT)
    .argParser((given: string) => wholeNumber(1, ZRAM_MOST)(String(given)));

export const moduleSetOption = () =>
  new Option(
    '--initramfs-modules <set>',
    "drivers of early boot: generic, or for this machine's hardware (default: generic)",
  ).choices(MODULE_SETS);

export const levelOption = () =>
  new Option('--compression-level <n>', 'zstd level of the images, 1 to 19 (default: 3)')
    .env('MKMA_COMPRESSION_LEVEL')
    .argParser(wholeNumber(1, 19));

export const epochOption = () =>
  new Option('--source-date-epoch <seconds>', 'latest time stamp in the images (reproducible-builds.org)')
    .env('SOURCE_DATE_EPOCH')
    .argParser(wholeNumber(0, 2 ** 32 - 1));

export const accelOption = () =>
  new Option('--accel <kind>', 'QEMU acceleration; auto: KVM where a short trial boot shows that it works')
    .env('MKMA_QEMU_ACCEL')
    .choices(['auto', 'kvm', 'tcg'] as const)
    .default('auto' as const);

export const memoryOption = () =>
  new Option(
    '--memory <MiB>',
    'RAM of the virtual machine in MiB (default: enough for the images)',
  ).argParser(wholeNumber(256, 1024 * 1024));

export const cpusOption = () =>
  new Option(
    '--cpus <n>',
    "processors of the virtual machine (default: this host's, at most 2; 1 without KVM)",
  ).argParser(wholeNumber(1, 64));

export const timeoutOption = () =>
  new Option(
    '--timeout <seconds>',
    "seconds until the machine has to be off again, without those of the definition's tests (default: 300, with KVM 120)",
  ).argParser(wholeNumber(1, 86_400));

function forward(text: string, before: readonly Forward[] = []): Forward[] {
  const [, host = 0, guest = 0] = (/^(\d{1,5}):(\d{1,5})$/.exec(text) ?? []).map(Number);
  const inRange = (port: number) => port >= 1 && port <= 65535;
  if (!inRange(host) || !inRange(guest)) {
    throw new InvalidArgumentError('It must be two ports, as 8080:80: of this host, and of the machine.');
  }
  if (before.some((other) => other.host === host)) {
    throw new InvalidArgumentError(`Port ${host} of this host can lead to one port only.`);
  }
  return [...before, { host, guest }];
}

export const forwardOption = () =>
  new Option(
    '--forward <port:port>',
    "a TCP port of this host that leads to one of the machine, as 8080:80; for this host's own programs alone; repeatable",
  ).argParser(forward);

export const appendOption = () =>
  new Option('--append <parameters>', 'more kernel parameters; they win over the usual ones');

/** Where the cache is unless named: root's is the machine's, a user's lies in their home (XDG base directories). */
export function defaultCache(root: boolean, env: Readonly<Record<string, string | undefined>>): string {
  if (root) return '/var/cache/mkma';
  const base = env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'mkma');
}
