/** Files by which a machine makes an identity of its own where none is saved. */
import { IDENTITY_SETTING } from '../../core/contract.js';
import type { MachineConfig } from '../definition/machine.js';

const UNITS = '/usr/lib/systemd/system';
const HOST_KEYS = 'mkma-host-keys.service';

/**
 * Debian's own unit does this only at what systemd takes for the first boot, which none of these is. Whenever
 * a server starts: keys that are missing are made, others stay. Early enough for a socket.
 */
const HOST_KEYS_UNIT = `[Unit]
Description=Make missing ssh host keys
Documentation=man:ssh-keygen(1)
DefaultDependencies=no
After=sysinit.target
Before=ssh.service ssh.socket sshd.service
Conflicts=shutdown.target
Before=shutdown.target
ConditionFileIsExecutable=/usr/bin/ssh-keygen

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
`;

/** One that is missing, as its package makes it at installation. */
const DROPBEAR = ['rsa', 'ecdsa', 'ed25519']
  .map((type) => {
    const file = `/etc/dropbear/dropbear_${type}_host_key`;
    return `ExecStartPre=/bin/sh -c '[ -e ${file} ] || exec dropbearkey -t ${type} -f ${file}'\n`;
  })
  .join('');

/** The daemon's own start then gives itself a name (startup-checks.sh). */
const ISCSI = `ExecStartPre=
ExecStartPre=/bin/sh -c '[ -e /etc/iscsi/initiatorname.iscsi ] || (umask 077; echo GenerateName=yes >/etc/iscsi/initiatorname.iscsi)'
ExecStartPre=/usr/lib/open-iscsi/startup-checks.sh
`;

export function identityFiles({ persist }: Pick<MachineConfig, 'persist'>): Record<string, string> {
  const wants = `[Unit]\nWants=${HOST_KEYS}\nAfter=${HOST_KEYS}\n`;
  const dropIn = (unit: string): string => `${UNITS}/${unit}.d/10-mkma.conf`;
  return {
    [`${UNITS}/${HOST_KEYS}`]: HOST_KEYS_UNIT,
    [dropIn('ssh.service')]: wants,
    [dropIn('ssh.socket')]: wants,
    [dropIn('dropbear.service')]: `[Service]\n${DROPBEAR}`,
    [dropIn('iscsid.service')]: `[Service]\n${ISCSI}`,
    // A seed that was saved is the same at every boot: the kernel may mix it in, and must not count on it.
    [dropIn('systemd-random-seed.service')]: '[Service]\nEnvironment=SYSTEMD_RANDOM_SEED_CREDIT=no\n',
    ...(persist.identity === 'machine' ? {} : { [IDENTITY_SETTING]: `${persist.identity}\n` }),
  };
}
