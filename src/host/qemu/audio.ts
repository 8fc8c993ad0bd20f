/** Where a virtual machine with a window plays its sound: the sound server of the user's session. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { run } from '../sys/run.js';
import { AUDIO_DRIVERS, type AudioDriver, QEMU_PROGRAM } from '../tools/qemu.js';

/** Sockets of the servers in a session's runtime directory (pulse-daemon.conf(5), pipewire(1)). */
const SOCKETS: Readonly<Record<AudioDriver, string>> = { pa: 'pulse/native', pipewire: 'pipewire-0' };

/**
 * The first driver that QEMU has and whose server listens in the directory; `undefined`: the machine is
 * silent.
 */
export async function findAudio(
  folder: string | undefined,
  signal: AbortSignal,
): Promise<AudioDriver | undefined> {
  if (folder === undefined || folder === '') return undefined;
  const answered = await Promise.all(AUDIO_DRIVERS.map((driver) => answers(join(folder, SOCKETS[driver]))));
  const reached = AUDIO_DRIVERS.filter((_, i) => answered[i]);
  if (reached.length === 0) return undefined;
  const listed = await run({ file: QEMU_PROGRAM, args: ['-audiodev', 'help'] }, { signal });
  if (!listed.ok) return undefined;
  const known = new Set(listed.value.stdout.split('\n').map((line) => line.trim()));
  return reached.find((driver) => known.has(driver));
}

/** Whether something listens on a socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });
}
