/** A file without a name: whatever happens to this process, nothing of it is left. */

import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, statfsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Where Linux systems have a file system in RAM for everybody (shm_overview(7)). */
const RAM = '/dev/shm';
/** TMPFS_MAGIC (linux/magic.h). */
const TMPFS = 0x01021994;
/** Bytes of RAM that stay free. */
const LEFT = 256 * 2 ** 20;

export class NamelessFile implements Disposable {
  /** Leads to it as long as it is open, for this user's processes (proc_pid_fd(5)). */
  readonly path: string;

  private constructor(
    private readonly fd: number,
    /** Whether it is in RAM; else its content may remain on a disk. */
    readonly inRam: boolean,
  ) {
    this.path = `/proc/${process.pid}/fd/${fd}`;
  }

  /** Makes it, empty: in RAM if that has room for `bytes`, else in the folder. */
  static make(bytes: number, folder: string): NamelessFile {
    const inRam = hasRoom(bytes);
    const name = join(inRam ? RAM : folder, `mkma-${randomBytes(12).toString('hex')}`);
    const fd = openSync(name, 'wx+', 0o600);
    unlinkSync(name);
    return new NamelessFile(fd, inRam);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

function hasRoom(bytes: number): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(RAM);
    const [, available = '0'] =
      /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return type === TMPFS && bavail * bsize >= bytes && Number(available) * 1024 >= bytes + LEFT;
  } catch {
    return false;
  }
}
