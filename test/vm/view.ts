/** The whole merged view of a machine as text: what has to be the same after it was saved and booted again. */
import type { Vm } from './harness.js';
import { runScript } from './script.js';

/**
 * One line for each file: kind, mode, owner, time and size of regular files (whole seconds), links, name; then contents and
 * attributes. Of folders neither size nor links nor time: they are the file system's own.
 */
const LIST = String.raw`
export LC_ALL=C
{
  find / -xdev -type f -printf '%y %m %U:%G %n %s %T@ %p\0' | sed -z 's/\.[0-9]* / /'
  find / -xdev ! -type f -printf '%y %m %U:%G %p -> %l\0'
  find / -xdev -type f -newermt "$1" -print0 | xargs -0 -r sha256sum -z
  find / -xdev -print0 | xargs -0 getfattr -h -d -m - -e hex --absolute-names | sed -z 's/\n\n/\x00/g'
} | tr '\n' '?' | sort -z | tr '\0' '\n'`;

/** Where the list of a view lies: on the disk that the machine was booted from, so that it is there in the next boot. */
const KEPT = '/run/disk/view';

/** What a boot itself changes: its logs, and what systemd, ldconfig and the like keep. */
const OF_THE_BOOT = String.raw`/var/log/|/var/lib/systemd/|/var/cache/ldconfig|/root/\.bash_history|/var/lib/private|/var/tmp/systemd-private|/etc/machine-id`;

async function list(vm: Vm, file: string): Promise<void> {
  const { output, exitCode } = await runScript(vm, `set -- '2001-01-01'\n{ ${LIST}\n} >${file}`, 300);
  if (exitCode !== 0 || output !== '') throw new Error(`the view cannot be listed: ${output}`);
}

/** Keep the list of the view on the disk `device`. */
export async function keepView(vm: Vm, device: string): Promise<void> {
  await list(vm, '/run/view');
  await vm.ask(`mkdir -p /run/disk; mount ${device} /run/disk; cp /run/view ${KEPT}; umount /run/disk`);
}

/** Lines in which the view differs from the kept one, as diff tells them; empty where it is the same. */
export async function viewDifference(vm: Vm, device: string): Promise<string> {
  await list(vm, '/run/view');
  await vm.ask(`mkdir -p /run/disk; mount -o ro ${device} /run/disk; cp ${KEPT} /run/kept; umount /run/disk`);
  const { output } = await vm.sh(
    `diff --text /run/kept /run/view | grep -a '^[<>]' | grep -aEv '${OF_THE_BOOT}'`,
  );
  return output;
}
