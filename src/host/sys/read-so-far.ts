/** The progress of programs that read something from beginning to end, as counted by the kernel. */
import { readFileSync } from 'node:fs';

/** Bytes that a program and its descendants have read so far (proc_pid_io(5)); 0 if it has ended. */
export function bytesReadBy(pid: number | string | undefined): number {
  try {
    const own = Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1] ?? 0);
    return own + bytesReadByChildren(pid);
  } catch {
    return 0;
  }
}

/** Like {@link bytesReadBy}, without the program itself. */
export function bytesReadByChildren(pid: number | string | undefined): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + bytesReadBy(child), 0);
  } catch {
    return 0;
  }
}
