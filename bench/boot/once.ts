/** One boot of a contestant in QEMU, measured: the same way for all, by the kernel's and systemd's own clocks. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Follower, poll } from '../../src/host/qemu/follow.js';
import { start } from '../../src/host/sys/run.js';
import { type Accelerator, qemuCommand } from '../../src/host/tools/qemu.js';

export interface Contestant {
  readonly name: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Words for the kernel command line. */
  readonly append: string;
}

export interface Booted {
  /** Seconds from the kernel's start of /init to systemd's. */
  readonly handover: number;
  /** Seconds from the start of QEMU to the login prompt. */
  readonly login: number;
  /** Bytes of RAM in use once the system is at rest: MemTotal - MemAvailable. */
  readonly memory: number;
}

/** RAM of the machine, in MiB. */
const MEMORY = 2048;
const LIMIT_SECONDS = 400;
const UNIT = 'bench.service';
/**
 * QEMU 7.2 pays for every address at which a library was ever run once its pages are used for something else, most where early boot starts
 * many programs (notes/qemu.md): 19 s with live-boot, which is no fault of its.
 */
const FAIR = 'norandmaps';

/** Told on the second serial port: the moments that the kernel and systemd noted, and the RAM. Then the machine goes off. */
const TELL = [
  'until systemctl is-system-running --wait >/dev/null; do case $(systemctl is-system-running) in degraded) break;; esac; sleep .5; done',
  'sleep 3',
  "dmesg | sed -n 's/^.\\\\s*\\([0-9.]*\\). Run .* as init process.*/init \\1/p'",
  'echo handover $(systemctl show --value -p UserspaceTimestampMonotonic)',
  "sed -n 's/^MemTotal: */total /p; s/^MemAvailable: */available /p' /proc/meminfo",
  'echo end',
].join('; ');

/** Boot once; files go into `folder`. */
export async function bootOnce(
  contestant: Contestant,
  disk: string,
  accel: Accelerator,
  folder: string,
): Promise<Booted> {
  const console_ = join(folder, 'console');
  const answers = join(folder, 'answers');
  for (const file of [console_, answers]) rmSync(file, { force: true });
  const command = qemuCommand({
    ...{ accel, memoryMiB: MEMORY, cpus: 1, bus: 'virtio', display: 'none' },
    start: {
      by: 'kernel',
      kernel: contestant.kernel,
      initrd: contestant.initrd,
      append: `${contestant.append} console=ttyS0 ${FAIR} ${tellParameters()}`,
    },
    disks: [{ file: disk, format: 'raw', readonly: true, serial: 'bench' }],
    serials: [
      { to: 'file', file: console_ },
      { to: 'file', file: answers },
    ],
  });
  const begun = performance.now();
  const qemu = start(command, {});
  let login: number | undefined;
  try {
    using lines = new Follower(console_);
    using told = new Follower(answers);
    const facts = new Map<string, number>();
    await poll(
      () => {
        const seen = [...lines.read(), lines.pending].some((line) => /\blogin:/.test(line));
        if (seen) login ??= (performance.now() - begun) / 1000;
        for (const line of told.read()) {
          const [word = '', value = ''] = line.split(/\s+/);
          facts.set(word, Number(value));
        }
        return facts.has('end') && login !== undefined ? true : undefined;
      },
      qemu.ended,
      begun + LIMIT_SECONDS * 1000,
    );
    const fact = (name: string): number => {
      const value = facts.get(name);
      if (value !== undefined && Number.isFinite(value)) return value;
      const said = readFileSync(console_, 'utf8').split('\n').slice(-15).join('\n');
      throw new Error(`${contestant.name} did not tell "${name}"; its console ended with:\n${said}`);
    };
    const handover = fact('handover') / 1e6 - fact('init');
    return { handover, login: login ?? fact('login'), memory: (fact('total') - fact('available')) * 1024 };
  } finally {
    qemu.kill('SIGKILL');
    await qemu.ended;
  }
}

/** Kernel parameters that bring the telling unit into any systemd's boot (systemd.system-credentials(7)). */
function tellParameters(): string {
  const script = TELL.replaceAll('%', '%%').replaceAll('"', '\\"');
  const unit = `[Service]\nExecStart=/bin/sh -c "{ ${script}; } >/dev/ttyS1 2>&1"\n`;
  const encoded = Buffer.from(unit).toString('base64');
  return `systemd.set_credential_binary=systemd.extra-unit.${UNIT}:${encoded} systemd.wants=${UNIT}`;
}
