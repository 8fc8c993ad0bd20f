/** The files for automatic logins. Pure. */
import type { MachineConfig } from '../definition/machine.js';

/** Files that log users in on terminals, and open rescue shells although root has no password. */
export function loginFiles({ users }: MachineConfig): Record<string, string> {
  const terminals = Object.values(users).flatMap(({ autologin }) => autologin);
  const serial = [...new Set(['ttyS0', ...terminals.filter(isSerial)])];
  const files: Record<string, string> = {
    // Also without console= on the kernel command line, but only if the port really exists (port 0x0: it does
    // not).
    '/etc/udev/rules.d/90-mkma-serial-login.rules': serial.map(serialRule).join(''),
  };
  for (const [name, { autologin }] of Object.entries(users)) {
    for (const terminal of autologin) {
      const [path, content] = autologinFile(name, terminal);
      files[path] = content;
    }
  }
  const root = users.root?.password ?? 'locked';
  if (root !== 'locked') return files;
  const noPassword = '# Root has no password to ask for.\n[Service]\nEnvironment=SYSTEMD_SULOGIN_FORCE=1\n';
  return {
    ...files,
    '/etc/systemd/system/rescue.service.d/sulogin.conf': noPassword,
    '/etc/systemd/system/emergency.service.d/sulogin.conf': noPassword,
  };
}

function isSerial(terminal: string): boolean {
  return !/^tty[0-9]/.test(terminal);
}

function serialRule(terminal: string): string {
  const exists = terminal.startsWith('ttyS') ? ', ATTR{port}!="0x0"' : '';
  return `SUBSYSTEM=="tty", KERNEL=="${terminal}"${exists}, TAG+="systemd", ENV{SYSTEMD_WANTS}+="serial-getty@${terminal}.service"\n`;
}

/** As systemd's own units, except for --login-options, which would keep agetty from skipping the password. */
function autologinFile(user: string, terminal: string): [string, string] {
  const serial = isSerial(terminal);
  const unit = `${serial ? 'serial-getty' : 'getty'}@${terminal}.service`;
  const command = serial
    ? '--noreset --noclear --keep-baud 115200,57600,38400,9600 - $TERM'
    : '--noreset --noclear - $TERM';
  const content = `[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin ${user} ${command}\n`;
  return [`/etc/systemd/system/${unit}.d/autologin.conf`, content];
}
