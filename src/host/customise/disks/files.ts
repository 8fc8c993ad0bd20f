/**
 * Files of a machine with disks, except fstab(5): for unlocking, reporting, and creating homes. Pure.
 */
import { DISKS_FILE, type ExpectedDisk } from '../../../core/boot/disks.js';
import { type Disk, disksOf, type Mapping, mappingsOf } from '../../definition/disks.js';
import { deviceNode, instanceName, unitOfPath } from '../../tools/unit-name.js';
import { crypttabLines, type Disks, HOMES_UNIT, type Home, optionalNodes, unlockedNode } from './tables.js';

/** The unit that reports disks that are not mounted. */
const REPORT_UNIT = 'mkma-disks.service';
/** The unit that gives up on absent disks. */
const WAIT_UNIT = 'mkma-disks-wait.service';
/** Seconds to wait for a disk once udev has seen all present ones: a USB disk needs some to spin up. */
const WAIT_SECONDS = 15;
/** Programs of these units on the machine, from presets/disks/. */
export const HERE = '/usr/lib/mkma/disks';
const UNITS = '/etc/systemd/system';

/** Text files by path; none if the definition has no disk. */
export function diskFiles(machine: Disks): Record<string, string> {
  const disks = disksOf(machine);
  if (disks.length === 0) return {};
  const expected = disks.filter(isExpected).map(expectedDisk);
  const mappings = mappingsOf(disks);
  return {
    [DISKS_FILE]: `${JSON.stringify(expected, null, 2)}\n`,
    [`${UNITS}/${REPORT_UNIT}`]: reportUnit(expected),
    ...waitFiles(optionalNodes(machine)),
    ...(mappings.length === 0
      ? {}
      : { '/etc/crypttab': `# Encrypted disks of the definition.\n${crypttabLines(machine).join('')}` }),
    ...Object.fromEntries(mappings.filter(({ random }) => random).map(swapGuard)),
  };
}

/** Links that enable the units, by path. */
export function diskLinks(machine: Disks, homes: readonly Home[]): Record<string, string> {
  if (disksOf(machine).length === 0) return {};
  const points = [...new Set(homes.map(({ point }) => point))];
  const waits = optionalNodes(machine).length > 0;
  const expected = disksOf(machine)
    .filter(isExpected)
    .flatMap(({ point }) => (point === undefined ? [] : [point]));
  const wanted = (wants: readonly string[], unit: string): [string, string][] =>
    wants.map((point) => [`${UNITS}/${unitOfPath(point, 'mount')}.wants/${unit}`, `../${unit}`]);
  return {
    ...(waits ? { [`${UNITS}/sysinit.target.wants/${WAIT_UNIT}`]: `../${WAIT_UNIT}` } : {}),
    [`${UNITS}/multi-user.target.wants/${REPORT_UNIT}`]: `../${REPORT_UNIT}`,
    // Also for a disk that appears later and is mounted then.
    ...Object.fromEntries([...wanted(points, HOMES_UNIT), ...wanted(expected, REPORT_UNIT)]),
  };
}

/** Text files for homes on disks; none if there is no such home. */
export function homeFiles(homes: readonly Home[]): Record<string, string> {
  if (homes.length === 0) return {};
  const mounts = [...new Set(homes.map(({ point }) => unitOfPath(point, 'mount')))];
  return {
    [`${HERE}/homes.list`]: homes.map(({ user, point }) => `${user} ${point}\n`).join(''),
    [`${UNITS}/${HOMES_UNIT}`]: `[Unit]
Description=Create homes on disks
DefaultDependencies=no
After=${mounts.join(' ')}
Before=local-fs.target
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
# For the root without what is mounted on it.
PrivateMounts=yes
StandardOutput=journal+console
ExecStart=/bin/sh ${HERE}/homes ${HERE}/homes.list
`,
  };
}

/** Whether it must be mounted once the machine is up. */
function isExpected({ options }: Disk): boolean {
  return !options.includes('noauto') && !options.includes('x-systemd.automount');
}

function expectedDisk({ point, device, mapping }: Disk): ExpectedDisk {
  const node = deviceNode(device);
  const used = mapping === undefined ? node : unlockedNode(mapping);
  return {
    ...(point === undefined ? {} : { point }),
    ...{ device, node },
    unit: point === undefined ? unitOfPath(used, 'swap') : unitOfPath(point, 'mount'),
    ...(mapping === undefined ? {} : { unlocked: { node: used, unit: unlockingUnit(mapping) } }),
  };
}

function unlockingUnit({ name }: Mapping): string {
  return `systemd-cryptsetup@${instanceName(name)}.service`;
}

/** Gives up on absent disks, so that the boot does not wait for systemd's own limit. */
function waitFiles(nodes: readonly string[]): Record<string, string> {
  if (nodes.length === 0) return {};
  return {
    [`${HERE}/wait.list`]: nodes.map((node) => `${unitOfPath(node, 'device')} ${node}\n`).join(''),
    [`${UNITS}/${WAIT_UNIT}`]: `[Unit]
Description=Wait for disks
DefaultDependencies=no
After=systemd-udevd.service systemd-udev-trigger.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
ExecStart=/bin/sh ${HERE}/wait ${WAIT_SECONDS} ${HERE}/wait.list
`,
  };
}

/** Before logins, and once mounting has finished. */
function reportUnit(expected: readonly ExpectedDisk[]): string {
  return `[Unit]
Description=Report disks that are not mounted
After=${expected.map(({ unit }) => unit).join(' ')}
Before=systemd-user-sessions.service

[Service]
Type=oneshot
StandardOutput=journal+console
ExecStart=/bin/sh ${HERE}/report
`;
}

/**
 * systemd formats any device as swap; this first checks that it holds nothing else, as Debian's own
 * cryptsetup does.
 */
function swapGuard(mapping: Mapping): [string, string] {
  const node = deviceNode(mapping.device).replaceAll('%', '%%').replaceAll('\\', '\\\\');
  return [
    `${UNITS}/${unlockingUnit(mapping)}.d/10-mkma.conf`,
    `[Service]\nExecStartPre=/bin/sh ${HERE}/swap-guard "${node}"\n`,
  ];
}
