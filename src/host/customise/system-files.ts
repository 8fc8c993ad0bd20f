/**
 * Files that every machine has, from its definition. Pure, except that it reads keys through a parameter:
 * also an input of a stage.
 */

import { DEFINED_RULES } from '../../core/contract.js';
import { renderRules } from '../../core/rules/rules.js';
import type { Part } from '../definition/choices.js';
import type { MachineConfig } from '../definition/machine.js';
import { storageKinds } from '../definition/storage-kinds.js';
import { DPKG_CONFIG, dpkgConfig } from '../leave-out/parts.js';
import { diskFiles } from './disks/files.js';
import { identityFiles } from './identity-files.js';
import { loginFiles } from './logins.js';
import type { KeyReader } from './repository-keys.js';
import { sourceFiles } from './sources.js';

const FSTAB = '# The root is an overlay in RAM that early boot has mounted.\n';

/** Files of the machine by path, as text. */
export function machineFiles(machine: MachineConfig, read: KeyReader): Readonly<Record<string, string>> {
  const { hostname, sysctl, locale } = machine;
  return {
    '/etc/hostname': `${hostname}\n`,
    '/etc/hosts': `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`,
    '/etc/locale.conf': `LANG=${locale}\n`,
    '/etc/fstab': FSTAB,
    // Empty, not "uninitialized": a boot into RAM is not a first boot (systemd would enable every preset),
    // yet has no id of its own.
    '/etc/machine-id': '',
    // Not the building host's name servers; the network's own configuration writes this file.
    '/etc/resolv.conf': '',
    ...sourceFiles(machine, read),
    ...diskFiles(machine),
    ...loginFiles(machine),
    ...zramFiles(machine.zram),
    ...leftOutFiles(machine.without),
    ...ruleFiles(machine.persist),
    ...identityFiles(machine),
    ...lvmFiles(machine),
    ...(Object.keys(sysctl).length === 0 ? {} : { '/etc/sysctl.d/60-mkma.conf': sysctlText(sysctl) }),
    // For mkma test, so that the images alone suffice.
    ...(machine.listen.length === 0
      ? {}
      : { '/usr/lib/mkma/listen': machine.listen.map((port) => `${port}\n`).join('') }),
    '/etc/systemd/journald.conf.d/10-mkma.conf':
      '# The journal lives in RAM like everything else.\n[Journal]\nStorage=volatile\n',
  };
}

function sysctlText(settings: MachineConfig['sysctl']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/**
 * lvm2 came only for the images: the groups of other disks are nobody's business here. A file of the same
 * name replaces that of the package (udev(7)).
 */
function lvmFiles(machine: MachineConfig): Record<string, string> {
  if (!storageKinds(machine).includes('lvm') || machine.packages.includes('lvm2')) return {};
  return {
    '/etc/udev/rules.d/69-lvm.rules':
      '# Volume groups are not activated as they appear: lvm2 is here for the storage of the images alone.\n',
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

/** Rules for mkma persist. */
function ruleFiles(persist: MachineConfig['persist']): Record<string, string> {
  const rules = renderRules(persist);
  return rules === undefined ? {} : { [DEFINED_RULES]: rules };
}

/** Excluded packages stay excluded when packages are installed later. */
function leftOutFiles(parts: readonly Part[]): Record<string, string> {
  const config = dpkgConfig(parts);
  return config === undefined ? {} : { [DPKG_CONFIG]: config };
}
