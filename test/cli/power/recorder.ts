/**
 * A block device that notes every write and every flush: a loop device over a view of a file that QEMU's storage daemon
 * exports by FUSE, with its driver `blklogwrites` in between. Nothing of it needs a module that a distribution's kernel lacks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';

/** What the device was asked for, in the order in which it was done. */
export type Entry =
  | { readonly kind: 'write'; readonly at: number; readonly data: Buffer }
  /** What was written before is on the medium, whatever happens. */
  | { readonly kind: 'flush' };

/** The log's unit (qemu docs/interop, as Linux's dm-log-writes), and its magic number. */
const SECTOR = 512;
const MAGIC = 0x6a736677736872n;
/** Flags of an entry: any other (2 forced to the medium, 4 discarded) is not asked for by a loop device over FUSE. */
const FLUSH = 1n;

const OPTIONS = {
  driver: 'blklogwrites',
  'node-name': 'noted',
  file: 'disk',
  log: 'log',
  'log-sector-size': SECTOR,
};

/** Of a file: what is written to `view` gets into the file, and into a log. */
export class Recorder {
  readonly view: string;
  private readonly log: string;
  private readonly daemon: ChildProcess;

  constructor(file: string) {
    this.view = `${file}.view`;
    this.log = `${file}.log`;
    for (const path of [this.view, this.log]) writeFileSync(path, '');
    const nodes = [
      { driver: 'file', 'node-name': 'disk', filename: file },
      { driver: 'file', 'node-name': 'log', filename: this.log },
      OPTIONS,
    ].flatMap((node) => ['--blockdev', JSON.stringify(node)]);
    const view = { type: 'fuse', id: 'view', 'node-name': 'noted', mountpoint: this.view, writable: true };
    const words = ['--pdeathsig', 'TERM', 'qemu-storage-daemon', ...nodes, '--export', JSON.stringify(view)];
    this.daemon = spawn('setpriv', words, { stdio: ['ignore', 'inherit', 'inherit'] });
    const until = performance.now() + 20_000;
    while (statSync(this.view).size === 0) {
      if (performance.now() > until) throw new Error('qemu-storage-daemon shows no view of the disk');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }

  /** All that was done so far. */
  entries(): Entry[] {
    const fd = openSync(this.log, 'r');
    try {
      return readLog(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** End it; no loop device may use the view any more. */
  close(): void {
    this.daemon.kill();
  }
}

function readLog(fd: number): Entry[] {
  const read = (at: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    if (readSync(fd, bytes, 0, length, at) !== length) throw new Error('the log of writes ends half way');
    return bytes;
  };
  const { size } = fstatSync(fd);
  const entries: Entry[] = [];
  if (size === 0) return entries;
  if (read(0, 8).readBigUInt64LE() !== MAGIC) throw new Error('this is no log of writes');
  for (let at = SECTOR; at < size; ) {
    const head = read(at, 32);
    const [sector, sectors, flags] = [0, 8, 16].map((offset) => head.readBigUInt64LE(offset));
    const length = Number(sectors) * SECTOR;
    at += SECTOR;
    // Being written just now.
    if (at + length > size) break;
    if (flags === FLUSH && length === 0) entries.push({ kind: 'flush' });
    else if (flags === 0n && length > 0) {
      entries.push({ kind: 'write', at: Number(sector) * SECTOR, data: read(at, length) });
    } else throw new Error(`an entry with flags ${flags} and ${length} bytes: not understood`);
    at += length;
  }
  return entries;
}
