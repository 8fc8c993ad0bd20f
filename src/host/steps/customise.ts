/** What makes a tree of installed packages the defined machine: names, sources, logins, and nothing left over. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../definition/machine.js';
import { DPKG_CONFIG, dpkgConfig, type Part } from '../leave-out/parts.js';
import { TreeFiles } from '../sys/tree-files.js';
import { installProgram } from './machine-program.js';
import { DEBIAN_MIRRORS } from './mirror.js';

/** Files of the machine by path, as text. Pure: also an input of the stage that writes them. */
export function machineFiles(machine: Machine): Readonly<Record<string, string>> {
  const { hostname } = machine;
  return {
    '/etc/hostname': `${hostname}\n`,
    '/etc/hosts': `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`,
    '/etc/locale.conf': 'LANG=C.UTF-8\n',
    '/etc/fstab': '# The root is an overlay in RAM that early boot has mounted. Nothing else is mounted.\n',
    // Empty, not "uninitialized": a RAM system is no first boot (systemd would enable every preset), yet has no id of its own.
    '/etc/machine-id': '',
    // Not the building host's name servers; whatever sets up the network writes its own.
    '/etc/resolv.conf': '',
    '/etc/apt/sources.list.d/debian.sources': aptSources(machine),
    ...localLogins(),
    ...zramFiles(machine.zram),
    ...leftOutFiles(machine.without),
    '/etc/systemd/journald.conf.d/10-mkma.conf':
      '# The journal lives in RAM like everything else.\n[Journal]\nStorage=volatile\n',
  };
}

/** Swap in RAM, for systemd-zram-generator(8). */
function zramFiles(percent: number | undefined): Record<string, string> {
  if (percent === undefined) return {};
  return {
    '/etc/systemd/zram-generator.conf.d/10-mkma.conf': `[zram0]\nzram-size = ram * ${percent} / 100\ncompression-algorithm = zstd\n`,
    // A page at a time: neighbours are no cheaper to read from RAM.
    '/etc/sysctl.d/10-mkma-zram.conf': 'vm.page-cluster = 0\n',
  };
}

/** What is left out stays out when packages are installed later. */
function leftOutFiles(parts: readonly Part[]): Record<string, string> {
  const config = dpkgConfig(parts);
  return config === undefined ? {} : { [DPKG_CONFIG]: config };
}

function aptSources(machine: Machine): string {
  const components = machine.components.join(' ');
  const key = '/usr/share/keyrings/debian-archive-keyring.pgp';
  const stanza = (uri: string, suites: string): string =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: ${components}\nSigned-By: ${key}\n`;
  const { suite } = machine;
  if (suite === 'sid' || suite === 'unstable') return stanza(DEBIAN_MIRRORS.main, suite);
  return `${stanza(DEBIAN_MIRRORS.main, `${suite} ${suite}-updates`)}\n${stanza(DEBIAN_MIRRORS.security, `${suite}-security`)}`;
}

/** Root is logged in on tty1 and ttyS0; whoever stands there owns the machine anyway. Its password stays locked. */
function localLogins(): Record<string, string> {
  const service = (command: string): string =>
    `[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root ${command}\n`;
  const noPassword = '# Root has no password to ask for.\n[Service]\nEnvironment=SYSTEMD_SULOGIN_FORCE=1\n';
  return {
    // As systemd's own units, but for --login-options, which would keep agetty from skipping the password.
    '/etc/systemd/system/getty@tty1.service.d/autologin.conf': service('--noreset --noclear - $TERM'),
    '/etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf': service(
      '--noreset --noclear --keep-baud 115200,57600,38400,9600 - $TERM',
    ),
    // Also where the kernel was not told console=ttyS0, but only where the port really exists (port 0x0: it does not).
    '/etc/udev/rules.d/90-mkma-serial-login.rules':
      'SUBSYSTEM=="tty", KERNEL=="ttyS0", ATTR{port}!="0x0", TAG+="systemd", ENV{SYSTEMD_WANTS}+="serial-getty@ttyS0.service"\n',
    '/etc/systemd/system/rescue.service.d/sulogin.conf': noPassword,
    '/etc/systemd/system/emergency.service.d/sulogin.conf': noPassword,
  };
}

/** Left by bootstrapping: of the building host, of downloads, or of the moment of the build. */
const LEFTOVERS = [
  '/etc/apt/sources.list',
  '/boot',
  '/var/cache/apt',
  '/var/lib/apt/lists',
  '/var/cache/debconf/config.dat-old',
  '/var/cache/debconf/templates.dat-old',
  '/var/lib/dpkg/status-old',
  '/var/lib/dpkg/diversions-old',
  '/var/lib/dpkg/statoverride-old',
  '/var/lib/systemd/random-seed',
  '/var/log/journal', // would only be used by a journal that outlives the boot
  '/etc/passwd-',
  '/etc/group-',
  '/etc/shadow-',
  '/etc/gshadow-',
];

/** Folders that must exist, though empty: packages expect them. */
const FOLDERS = ['/boot', '/var/cache/apt/archives/partial', '/var/lib/apt/lists/partial', '/overlay'];

/**
 * Make the tree at `root` the defined machine, with mkma's own program from the folder `programs`. `mtime` in seconds for
 * everything written; none: now.
 */
export function customise(root: string, machine: Machine, programs: string, mtime?: number): void {
  const files = new TreeFiles(root, mtime);
  for (const path of LEFTOVERS) files.remove(path);
  for (const path of FOLDERS) files.makeFolder(path);
  for (const [path, content] of Object.entries(machineFiles(machine))) files.write(path, content);
  installProgram(files, programs);
  files.edit('/etc/shadow', lockRoot);
  markUpdated(root);
}

/**
 * Say that what is made out of /usr (the linker's cache, the journal's catalog, system users) is up to date, as it is once packages are
 * installed. A machine that forgets everything would make it all again at every boot: systemd looks for a file that is not older than
 * /usr (systemd-update-done.service(8)).
 */
function markUpdated(root: string): void {
  const time = Math.ceil(statSync(join(root, 'usr')).mtimeMs / 1000);
  const files = new TreeFiles(root, time);
  for (const folder of ['/etc', '/var'])
    files.write(`${folder}/.updated`, '# As of the build of this machine.\n');
}

/** shadow(5) with root's password locked: no password can match `!`. */
export function lockRoot(shadow: string): string {
  return shadow.replace(/^root:[^:]*:/m, 'root:!*:');
}
