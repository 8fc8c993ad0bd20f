/** Amounts of memory: as users write them, and as people read them. */

/** A size of the RAM file system: an absolute number of bytes, or a share of RAM. */
export type RamSize = { readonly bytes: number } | { readonly percent: number };

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Parses `60%`, `6G`, `512M` or a number of bytes, like `size=` of tmpfs(5); `undefined` if invalid. */
export function parseRamSize(text: string): RamSize | undefined {
  const percent = /^(\d{1,3})%$/.exec(text);
  if (percent) {
    const value = Number(percent[1]);
    return value >= 1 && value <= 100 ? { percent: value } : undefined;
  }
  const bytes = parseBytes(text);
  return bytes === undefined ? undefined : { bytes };
}

/** Parses `6G`, `512M` or a number of bytes; `undefined` if it is none, or 0. */
export function parseBytes(text: string): number | undefined {
  const amount = /^(\d{1,15})([kmgt]?)$/i.exec(text);
  if (!amount) return undefined;
  const bytes = Number(amount[1]) * (UNITS[(amount[2] as string).toLowerCase()] as number);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes of a size on a machine with `totalRam` bytes. */
export function resolveRamSize(size: RamSize, totalRam: number): number {
  return 'bytes' in size ? size.bytes : Math.floor((totalRam * size.percent) / 100);
}

/** `1.2 GiB`, `345 MiB`, `12 KiB`, `7 B`: three significant digits at most, binary units. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${names[unit]}`;
}

/** Whole MiB, rounded up: the unit for reporting shortages. */
export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
