/** What a run of tests needs of the host, looked at before anything starts. Pure. */

/** Bytes that a run takes below `.test` and in the folder for temporary files. */
const ROOM = { short: 6 * 2 ** 30, long: 16 * 2 ** 30 };

export interface Run {
  /** Folders of `test/` that the chosen files lie in. */
  readonly kinds: readonly string[];
  readonly all: boolean;
}

export interface Host {
  readonly root: boolean;
  /** Free in `.test`. */
  readonly freeBytes: number;
  readonly qemu: boolean;
}

/** Why the run cannot start, and what to do; `undefined`: it can. */
export function refusal({ kinds, all }: Run, host: Host): string | undefined {
  if (kinds.every((kind) => kind === 'unit' || kind === 'contract')) return undefined;
  const named = kinds.join(', ');
  if (!host.root) return `tests of ${named} need root, since they build trees and mount: sudo ./test/run`;
  const machines = kinds.some((kind) => kind === 'vm' || kind === 'long');
  if (machines && !host.qemu) {
    return `tests of ${named} need QEMU: apt-get install --no-install-recommends qemu-system-x86 qemu-utils`;
  }
  const needed = all ? ROOM.long : ROOM.short;
  if (host.freeBytes >= needed) return undefined;
  return `no room in .test: ${gibibytes(host.freeBytes)} are free, about ${gibibytes(needed)} are needed`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
