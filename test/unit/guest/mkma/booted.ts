/** A machine that early boot has handed over, and the program run on it. */
import { BOOT_RECORD, type BootRecord, type LoadedImage } from '../../../../src/core/boot/record.js';
import { runProgram } from '../../../../src/guest/mkma/program.js';
import { FakeMachine } from '../fake-machine.js';

const MIB = 2 ** 20;

export const BASE: LoadedImage = {
  kind: 'base',
  file: '/img/base.cpio.zst',
  id: `sha256:0123456789ab${'f'.repeat(52)}`,
  name: 'box',
  created: '2026-01-31T12:34:56Z',
  verified: true,
  bytes: 150 * MIB,
  unpackedBytes: 300 * MIB,
  inodes: 12_000,
  seconds: 3,
};

export const RECORD: BootRecord = {
  format: 1,
  storage: { asked: 'LABEL=mkma', device: '/dev/vda', type: 'ext4', path: '/img' },
  images: [BASE],
  leftOut: [],
  warnings: [],
  ramBytes: 1024 * MIB,
  availableBytes: 1400 * MIB,
  phases: [
    { phase: 'mount', start: 1.5, seconds: 0.5 },
    { phase: 'load', start: 2, seconds: 3.25 },
    { phase: 'layers', start: 5.25, seconds: 0.05 },
  ],
  started: 1.5,
  handover: 5.5,
};

/** What du(1) finds to have changed. */
const DU = [
  [30 * MIB, './var/cache/apt/archives/a b.deb'],
  [30 * MIB, './var/cache/apt/archives'],
  [30 * MIB, './var/cache/apt'],
  [30 * MIB, './var/cache'],
  [30 * MIB, './var'],
  [5 * MIB, './root/x'],
  [5 * MIB, './root/y\n'],
  [10 * MIB, './root'],
  [0, './etc'],
  [40 * MIB, '.'],
]
  .map(([bytes, path]) => `${bytes}\t${path}\0`)
  .join('');

/** The root, and what it is made of. */
const MOUNTS = [
  '32 1 0:27 / / rw,relatime shared:1 - overlay mkma rw',
  '33 32 0:24 /view /overlay ro,nosuid,nodev shared:2 - tmpfs mkma rw',
  '30 33 0:26 / /overlay/base ro,nosuid,nodev shared:3 - erofs /mkma/held/base.erofs ro',
];

/** A machine with this record, seen by root; `null`: no machine of mkma. */
export function bootedMachine(record: unknown = RECORD): FakeMachine {
  const machine = new FakeMachine();
  if (record !== null) machine.files.set(BOOT_RECORD, { content: JSON.stringify(record) });
  machine.files.set('/proc/meminfo', { content: 'MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n' });
  machine.files.set('/overlay/fresh', { kind: 'directory' });
  machine.files.set('/proc/self/mountinfo', { content: MOUNTS.join('\n') });
  machine.answer = (argv) => {
    if (argv[0] === 'findmnt') return { code: 1 };
    if (argv[0] === 'stat') return { stdout: '4096 262144 174080\n' };
    return argv[0] === 'du' ? { stdout: DU } : undefined;
  };
  return machine;
}

/** Run the program; what came out, and its exit code. */
export async function mkma(machine: FakeMachine, argv: readonly string[], columns?: number) {
  const said = { out: '', err: '' };
  const terminal = {
    out(text: string): void {
      said.out += text;
    },
    err(text: string): void {
      said.err += text;
    },
    ...(columns === undefined ? {} : { columns }),
  };
  const code = await runProgram(argv, { machine, terminal });
  return { ...said, code };
}
