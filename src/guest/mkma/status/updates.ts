/** Updates that wait, according to apt's lists if this machine has any. */
import type { GuestSystem } from '../../system.js';

export interface Updates {
  readonly count: number;
  /** Those from a suite for security. */
  readonly security: number;
}

const LISTS = '/var/lib/apt/lists';

/** What apt-get(8) would do; it changes nothing, and needs no root. */
const SIMULATE = ['timeout', '30', 'apt-get', '--simulate', '-qq', 'dist-upgrade'];

/** `undefined` without lists, or if apt cannot tell. Nothing is fetched. */
export function readUpdates(machine: GuestSystem): Updates | undefined {
  const lists = machine.list(LISTS) ?? [];
  if (!lists.some((name) => /_Packages(\.|$)/.test(name))) return undefined;
  const { code, stdout } = machine.run(SIMULATE, { mayLack: true });
  if (code !== 0) return undefined;
  const installed = stdout.split('\n').filter((line) => line.startsWith('Inst '));
  // `Inst libc6 [2.41-12] (2.41-12+deb13u1 Debian-Security:13/stable-security [amd64])`
  const security = installed.filter((line) => /\([^)]*\bdebian-security\b/i.test(line));
  return { count: installed.length, security: security.length };
}

/** For people. */
export function updatesText({ count, security }: Updates): string {
  if (count === 0) return 'no updates, according to the lists at hand';
  const packages = `${count} ${count === 1 ? 'package' : 'packages'} can be upgraded`;
  return `${packages}, ${security} of them for security`;
}
