/** Copies a file so that progress is what the medium has, not what the page cache has. */
import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Interrupted } from '../sys/run.js';
import { MIB } from './layout.js';

const UNFLUSHED = 32 * MIB;

/**
 * Copies content and mode; every 32 MiB waits for the medium. Throws Interrupted when the signal is aborted.
 */
export async function copyPaced(
  from: string,
  to: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const handle = await open(to, 'wx', statSync(from).mode & 0o777);
  try {
    let unflushed = 0;
    for await (const piece of createReadStream(from, { highWaterMark: MIB, signal })) {
      await handle.writeFile(piece as Buffer);
      onBytes((piece as Buffer).length);
      unflushed += (piece as Buffer).length;
      if (unflushed < UNFLUSHED) continue;
      unflushed = 0;
      await handle.datasync();
    }
    await handle.sync();
  } catch (cause) {
    if (signal.aborted) throw new Interrupted();
    throw cause;
  } finally {
    await handle.close();
  }
}
