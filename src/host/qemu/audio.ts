/** Where a virtual machine with a window plays its sound: the server of whoever runs it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../sys/environment.js';
import { run } from '../sys/run.js';
import { AUDIO_DRIVERS, type AudioDriver, QEMU_PROGRAM } from '../tools/qemu.js';

/** Sockets of the servers, below XDG_RUNTIME_DIR (pipewire(1), pulse-daemon.conf(5)). */
const SOCKETS: Readonly<Record<AudioDriver, string>> = { pipewire: 'pipewire-0', pa: 'pulse/native' };

/** The first driver that QEMU has and whose server can be reached; `undefined`: the machine stays silent. */
export async function findAudio(env: Environment, signal: AbortSignal): Promise<AudioDriver | undefined> {
  const folder = env.XDG_RUNTIME_DIR;
  if (folder === undefined || folder === '') return undefined;
  const reached = AUDIO_DRIVERS.filter((driver) => existsSync(join(folder, SOCKETS[driver])));
  if (reached.length === 0) return undefined;
  const listed = await run({ file: QEMU_PROGRAM, args: ['-audiodev', 'help'] }, { signal });
  if (!listed.ok) return undefined;
  const known = new Set(listed.value.stdout.split('\n').map((line) => line.trim()));
  return reached.find((driver) => known.has(driver));
}
