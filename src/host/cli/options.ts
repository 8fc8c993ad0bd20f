/** Options that several commands share: their help, and how their values are parsed. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { BASE_FILES, type ImageFormat } from '../../core/contract.js';
import { parseBytes } from '../../core/text/size.js';
import { MODULE_SETS, PARTS, type Part, ZRAM_MOST } from '../definition/choices.js';
import type { Forward } from '../tools/qemu.js';

export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
  };
}

/** Bytes, as `4G` or `512M`. */
function amount(text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('It must be a size such as 4G or 900M.');
}

export const sizeOption = () =>
  new Option(
    '--size <size>',
    'size of a new file, such as 8G (default: what the images take, and 1 GiB for layers)',
  ).argParser(amount);

function folder(path: string): string {
  if (path === '') throw new InvalidArgumentError('It must name a folder.');
  return resolve(path);
}

export const outputOption = () =>
  new Option('-o, --output <folder>', 'images folder').default('mkma_images').argParser(folder);

export const configOption = () =>
  new Option(
    '-c, --config <file>',
    'definition of the machine (default: mkma.config.ts, .js or .json in the current folder)',
  );

export const presetOption = () =>
  new Option(
    '--preset <name>',
    'use a preset instead of a definition (default: console, if there is no definition)',
  );

/** For commands that use the images as they are: the definition only serves for a warning. */
export const builtFromOption = () =>
  new Option(
    '-c, --config <file>',
    'warn if the images were not built from this definition (default: mkma.config.ts, .js or .json in the current folder)',
  );

/** See `builtFromOption`. */
export const builtFromPresetOption = () =>
  new Option('--preset <name>', 'warn if the images were not built from this preset');

export const cacheOption = () =>
  new Option(
    '--cache <folder>',
    'folder that keeps stages and packages between builds (default: ~/.cache/mkma; for root, /var/cache/mkma)',
  )
    .env('MKMA_CACHE')
    .argParser(folder);

export const trialCacheOption = () =>
  new Option(
    '--cache <folder>',
    'folder that keeps the result of the KVM trial (default: ~/.cache/mkma; for root, /var/cache/mkma)',
  )
    .env('MKMA_CACHE')
    .argParser(folder);

export const mirrorOption = () =>
  new Option(
    '--mirror <url>',
    "Debian mirror to build from (default: the definition's, else that of this host)",
  ).env('MKMA_MIRROR');

export const snapshotOption = () =>
  new Option(
    '--snapshot <url>',
    'archive of snapshots that has what the mirror no longer has of mkma.lock (default: that of Debian)',
  )
    .env('MKMA_SNAPSHOT')
    .argParser((url) => {
      if (/^https?:\/\/[^\s/"]+\S*$/.test(url)) return url;
      throw new InvalidArgumentError('It must be an http or https URL.');
    });

export const proxyOption = () =>
  new Option(
    '--proxy <url>',
    'proxy for all downloads, or direct for none (default: from the settings of apt on this host, then http_proxy and https_proxy)',
  );

export const cacheSizeOption = () =>
  new Option(
    '--cache-size <size>',
    'size of the cache above which the least recently used is removed, such as 10G (default: 20G, or a quarter of its file system)',
  )
    .env('MKMA_CACHE_SIZE')
    .argParser(amount);

export const offlineOption = () =>
  new Option('--offline', 'open no connection: use the packages and lists that the cache keeps')
    .default(false)
    .conflicts('refresh');

export const formatOption = () =>
  new Option(
    '--format <format>',
    'format of the base: cpio is unpacked into RAM, erofs stays compressed there (default: cpio)',
  ).choices(Object.keys(BASE_FILES) as ImageFormat[]);

/** Each part once, in mkma's own order. */
function parts(text: string, before: readonly Part[] = []): Part[] {
  const named = text.split(',').map((word) => word.trim());
  const unknown = named.find((word) => !(PARTS as readonly string[]).includes(word));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`"${unknown}" is not one of ${PARTS.join(', ')}.`);
  }
  return PARTS.filter((part) => named.includes(part) || before.includes(part));
}

export const withoutOption = () =>
  new Option(
    '--without <parts>',
    `parts to leave out of the machine, separated by commas: ${PARTS.join(', ')}`,
  ).argParser(parts);

/** Percent of the RAM if none is given. */
const ZRAM_DEFAULT = 50;

export const zramOption = () =>
  new Option(
    '--zram [percent]',
    `add compressed swap in RAM, in percent of the RAM (default: none; without a value: ${ZRAM_DEFAULT})`,
  )
    .preset(ZRAM_DEFAULT)
    .argParser((given: string) => wholeNumber(1, ZRAM_MOST)(String(given)));

export const moduleSetOption = () =>
  new Option(
    '--initramfs-modules <set>',
    'drivers in early boot: generic, or hardware for those of this host (default: generic)',
  ).choices(MODULE_SETS);

export const levelOption = () =>
  new Option('--compression-level <n>', 'zstd level of the images, 1 to 19 (default: 3)')
    .env('MKMA_COMPRESSION_LEVEL')
    .argParser(wholeNumber(1, 19));

export const epochOption = () =>
  new Option(
    '--source-date-epoch <seconds>',
    'clamp timestamps in the images to this time (reproducible-builds.org)',
  )
    .env('SOURCE_DATE_EPOCH')
    .argParser(wholeNumber(0, 2 ** 32 - 1));

export const accelOption = (condition = '') =>
  new Option(
    '--accel <kind>',
    `${condition}QEMU acceleration; auto uses KVM if a short trial boot with it succeeds`,
  )
    .env('MKMA_QEMU_ACCEL')
    .choices(['auto', 'kvm', 'tcg'] as const)
    .default('auto' as const);

export const memoryOption = () =>
  new Option(
    '--memory <MiB>',
    'RAM of the virtual machine, in MiB (default: enough for the images)',
  ).argParser(wholeNumber(256, 1024 * 1024));

export const cpusOption = () =>
  new Option(
    '--cpus <n>',
    'processors of the virtual machine (default: those of this host, at most 2; 1 without KVM)',
  ).argParser(wholeNumber(1, 64));

/** As real hardware has one; RFC 9562. */
export const uuidOption = () =>
  new Option(
    '--uuid <uuid>',
    'UUID in the firmware of the virtual machine, to which its identity is bound (default: none)',
  ).argParser((text) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
      throw new InvalidArgumentError('It must be a UUID, as uuidgen prints it.');
    return text.toLowerCase();
  });

export const timeoutOption = () =>
  new Option(
    '--timeout <seconds>',
    "time limit for boot and checks, in seconds; the definition's tests have their own (default: 300, with KVM 120; with --medium 480 and 180)",
  ).argParser(wholeNumber(1, 86_400));

function forward(text: string, before: readonly Forward[] = []): Forward[] {
  const [, host = 0, guest = 0] = (/^(\d{1,5}):(\d{1,5})$/.exec(text) ?? []).map(Number);
  const inRange = (port: number) => port >= 1 && port <= 65535;
  if (!inRange(host) || !inRange(guest)) {
    throw new InvalidArgumentError(
      'It must be a port of this host and a port of the machine, as in 8080:80.',
    );
  }
  if (before.some((other) => other.host === host)) {
    throw new InvalidArgumentError(`Port ${host} of this host can be forwarded only once.`);
  }
  return [...before, { host, guest }];
}

export const forwardOption = () =>
  new Option(
    '--forward <port:port>',
    'forward a TCP port of this host to one of the machine, as in 8080:80; reachable from this host only; repeatable',
  ).argParser(forward);

export const appendOption = () =>
  new Option('--append <parameters>', 'additional kernel parameters; they override the defaults');

/** The default cache folder: shared for root, in the home of other users (XDG base directories). */
export function defaultCache(root: boolean, env: Readonly<Record<string, string | undefined>>): string {
  if (root) return '/var/cache/mkma';
  const base = env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'mkma');
}
