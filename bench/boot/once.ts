/** One boot of a contestant in QEMU, measured: the same way for all, by the kernel's and systemd's own clocks. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Follower, poll } from '../../src/host/qemu/follow.js';
import type { Picture } from '../../src/host/screen/picture.js';
import { QemuScreen } from '../../src/host/screen/screen.js';
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
  /** Seconds from the start of QEMU until the screen was painted; absent where nobody looked at it. */
  readonly painted?: number;
}

/** What is booted, and what it takes to be done. */
export interface Trial {
  /** RAM of the machine, in MiB. */
  readonly memoryMiB: number;
  /** A shell script that ends once the machine is at rest. */
  readonly rest: string;
  /** Seconds after which it is given up; absent: {@link LIMIT_SECONDS}. */
  readonly limit?: number;
  /** Whether a picture shows what is waited for; absent: the machine has no screen. */
  readonly isPainted?: (picture: Picture) => boolean;
}

/** Ends once systemd has started what it was to start. */
const BOOTED =
  'until systemctl is-system-running --wait >/dev/null; do case $(systemctl is-system-running) in degraded) break;; esac; sleep .5; done';
/** A machine without a screen. */
const CONSOLE: Trial = { memoryMiB: 2048, rest: `${BOOTED}; sleep 3` };
const LIMIT_SECONDS = 400;
/** Milliseconds between two looks at a screen. */
const LOOK_MS = 2000;
const UNIT = 'bench.service';
/**
 * QEMU 7.2 pays for every address at which a library was ever run once its pages are used for something else, most where early boot starts
 * many programs (notes/qemu.md): 19 s with live-boot, which is no fault of its.
 */
const FAIR = 'norandmaps';

/** Told on the second serial port: the moments that the kernel and systemd noted, and the RAM. Then the machine goes off. */
const TELL = [
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
  trial: Trial = CONSOLE,
): Promise<Booted> {
  const { memoryMiB, rest, limit = LIMIT_SECONDS, isPainted } = trial;
  const [console_, answers, socket] = ['console', 'answers', 'qmp'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const file of [console_, answers, socket]) rmSync(file, { force: true });
  const command = qemuCommand({
    ...{ accel, memoryMiB, cpus: 1, bus: 'virtio', display: 'none' },
    ...(isPainted === undefined ? {} : { headless: { card: 'std', socket } }),
    start: {
      by: 'kernel',
      kernel: contestant.kernel,
      initrd: contestant.initrd,
      append: `${contestant.append} console=ttyS0 ${FAIR} ${tellParameters(rest)}`,
    },
    disks: [{ file: disk, format: 'raw', readonly: true, serial: 'bench' }],
    serials: [
      { to: 'file', file: console_ },
      { to: 'file', file: answers },
    ],
  });
  const begun = performance.now();
  const since = (): number => (performance.now() - begun) / 1000;
  const qemu = start(command, {});
  let login: number | undefined;
  let painted: number | undefined;
  let over = false;
  const screen = new QemuScreen(socket, folder);
  const looking = isPainted === undefined ? undefined : look(screen, isPainted, since, () => over);
  try {
    using lines = new Follower(console_);
    using told = new Follower(answers);
    const facts = new Map<string, number>();
    await poll(
      () => {
        const seen = [...lines.read(), lines.pending].some((line) => /\blogin:/.test(line));
        if (seen) login ??= since();
        for (const line of told.read()) {
          const [word = '', value = ''] = line.split(/\s+/);
          facts.set(word, Number(value));
        }
        return facts.has('end') && login !== undefined ? true : undefined;
      },
      qemu.ended,
      begun + limit * 1000,
    );
    over = true;
    painted = await looking;
    const fact = (name: string): number => {
      const value = facts.get(name);
      if (value !== undefined && Number.isFinite(value)) return value;
      const said = readFileSync(console_, 'utf8').split('\n').slice(-15).join('\n');
      throw new Error(`${contestant.name} did not tell "${name}"; its console ended with:\n${said}`);
    };
    const handover = fact('handover') / 1e6 - fact('init');
    const memory = (fact('total') - fact('available')) * 1024;
    return {
      ...{ handover, login: login ?? fact('login'), memory },
      ...(painted === undefined ? {} : { painted }),
    };
  } finally {
    over = true;
    qemu.kill('SIGKILL');
    await qemu.ended;
    await looking?.catch(() => undefined);
    screen.forget();
  }
}

/** Look at the screen every other second. Returns when it matched, in seconds; `undefined`: it never did. */
async function look(
  screen: QemuScreen,
  isPainted: (picture: Picture) => boolean,
  since: () => number,
  isOver: () => boolean,
): Promise<number | undefined> {
  while (!isOver()) {
    await sleep(LOOK_MS);
    const picture = await screen.picture().catch(() => undefined);
    if (picture !== undefined && isPainted(picture)) return since();
  }
  return undefined;
}

/** Kernel parameters that bring the telling unit into any systemd's boot (systemd.system-credentials(7)). */
function tellParameters(rest: string): string {
  const script = `${rest}; ${TELL}`.replaceAll('%', '%%').replaceAll('"', '\\"');
  const unit = `[Service]\nExecStart=/bin/sh -c "{ ${script}; } >/dev/ttyS1 2>&1"\n`;
  const encoded = Buffer.from(unit).toString('base64');
  return `systemd.set_credential_binary=systemd.extra-unit.${UNIT}:${encoded} systemd.wants=${UNIT}`;
}
