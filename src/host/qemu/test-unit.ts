/**
 * How an unmodified image runs the checks: systemd >= 256 takes a unit from a credential, and a credential
 * from the kernel command line (systemd.system-credentials(7), "systemd.extra-unit.*"; systemd(1),
 * "systemd.set_credential_binary="; systemd-debug-generator(8), "systemd.wants="). The checks themselves come
 * as a tar archive that is a whole disk.
 */
import type { KernelParameter } from '../../core/boot/cmdline.js';

/** Serial number of the disk that carries the checks. */
export const TEST_DISK_SERIAL = 'mkma-test';
/** Name of the script in the archive. */
export const TEST_SCRIPT = 'checks';
/** The port with the checks' results: the second one. */
const CHECKS_PORT = '/dev/ttyS1';
/** The port with the requests of a definition's tests and the replies: the third one. */
export const AGENT_PORT = '/dev/ttyS2';

const UNIT_NAME = 'mkma-test.service';

/** The unit. A simple service, so that the boot does not wait for it while it waits for the boot. */
export function testUnit(): string {
  const disk = `/dev/disk/by-id/virtio-${TEST_DISK_SERIAL}`;
  const script = `/run/mkma-test.sh`;
  const fetch = `until tar -xOf ${disk} ${TEST_SCRIPT} >${script}; do sleep .2; done`;
  return `[Unit]
Description=mkma test
IgnoreOnIsolate=yes
RequiresMountsFor=/overlay
[Service]
ExecStart=/bin/sh -c '${fetch} 2>/dev/null; exec sh ${script} >${CHECKS_PORT} 2>&1'
`;
}

/** The kernel parameters that add the unit to the boot. */
export function testParameters(): KernelParameter[] {
  const unit = Buffer.from(testUnit(), 'utf8').toString('base64');
  return [
    { name: 'systemd.set_credential_binary', value: `systemd.extra-unit.${UNIT_NAME}:${unit}` },
    { name: 'systemd.wants', value: UNIT_NAME },
  ];
}

/**
 * The same as credentials, for a machine whose boot loader sets the kernel command line. systemd takes them
 * from the firmware's tables (systemd.system-credentials(7), "systemd.unit-dropin.*"; systemd >= 256).
 */
export function testCredentials(): Readonly<Record<string, string>> {
  return {
    [`systemd.extra-unit.${UNIT_NAME}`]: testUnit(),
    'systemd.unit-dropin.multi-user.target~mkma-test': `[Unit]\nWants=${UNIT_NAME}\n`,
  };
}
