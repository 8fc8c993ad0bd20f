/**
 * Modules that dkms(8) builds for the machine's kernel: while packages are installed, and once everything is
 * in place.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { shellQuote } from '../../sys/command.js';
import { inTree } from '../../sys/enter-tree.js';
import { run } from '../../sys/run.js';
import { resolveInTree } from '../../sys/tree-files.js';
import { DKMS_SCRIPT, dkmsFailure } from '../../tools/dkms.js';
import { KERNEL_NAME } from './kernel.js';

/**
 * Keeps packages from building on their own: they would build for any kernel they find, and their logs would
 * be lost.
 */
const NO_AUTOINSTALL = 'etc/dkms/no-autoinstall';
/**
 * No signatures: dkms would create a key of its own, which no firmware trusts and which would be in every
 * copy of the image. A missing key file turns signing off (dkms(8), framework.conf).
 */
const UNSIGNED = 'etc/dkms/framework.conf.d/mkma-unsigned.conf';
const UNSIGNED_TEXT = 'sign_file="/nonexistent"\n';

/**
 * Fresh modules must not be loaded into the building host's kernel, which may have the same release:
 * setpriv(1).
 */
const CAREFUL = ['setpriv', '--bounding-set', '-sys_module', '--'];

/** Files of a tree while its packages are installed. {@link DKMS_HOOKS} remove them. */
export const DKMS_FILES = { [NO_AUTOINSTALL]: '', [UNSIGNED]: UNSIGNED_TEXT };

/**
 * Hooks of mmdebstrap: build for the kernel that {@link KERNEL_NAME} names, if any, and remove mkma's files.
 */
export const DKMS_HOOKS: readonly string[] = [
  `set -e
rm -f "$1/${NO_AUTOINSTALL}"
if [ -s "$MKMA_ENTRY/${KERNEL_NAME}" ]; then
  release=$(sed 's/^linux-image-//; s/-unsigned$//' "$MKMA_ENTRY/${KERNEL_NAME}")
  ${CAREFUL.join(' ')} chroot "$1" sh -c ${shellQuote(DKMS_SCRIPT)} mkma "$release"
fi
rm -f "$1/${UNSIGNED}"
if [ ! -e "$1/usr/sbin/dkms" ]; then rmdir --ignore-fail-on-non-empty "$1/etc/dkms/framework.conf.d" "$1/etc/dkms"; fi`,
];

/**
 * Builds what is not built yet in the tree at `root`, for the kernel there. Warns if the kernel's headers are
 * missing.
 */
export async function buildDkms(root: string, release: string, context: Context): Promise<Result<void>> {
  const sources = dkmsSources(root);
  if (sources.length === 0 || !existsSync(join(root, 'usr/sbin/dkms'))) return ok();
  const headers = resolveInTree(root, `/usr/lib/modules/${release}/build/include`, true);
  if (!existsSync(headers)) {
    context.emit({ type: 'warning', problem: withoutHeaders(sources, release) });
    return ok();
  }
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    context.emit({ type: 'output', stage: 'system', line });
  };
  const script = `set -e\nmkdir -p "$(dirname /${UNSIGNED})"\nprintf %s '${UNSIGNED_TEXT}' > /${UNSIGNED}\ntrap 'rm -f /${UNSIGNED}' EXIT\n(\n${DKMS_SCRIPT}\n)`;
  const command = inTree({
    root,
    command: [...CAREFUL, 'sh', '-c', script, 'mkma', release],
    network: false,
  });
  const done = await run(command, { signal: context.signal, onLine });
  if (done.ok) return ok();
  return err(dkmsFailure(lines.join('\n')) ?? done.problem);
}

/** The names of folders below /usr/src with sources for dkms. */
function dkmsSources(root: string): string[] {
  const folder = resolveInTree(root, '/usr/src');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => {
    const conf = join(folder, name, 'dkms.conf');
    // Others are only built by hand.
    return existsSync(conf) && /^\s*AUTOINSTALL=["']?\w/m.test(readFileSync(conf, 'utf8'));
  });
}

function withoutHeaders(sources: readonly string[], release: string): Problem {
  return {
    code: 'dkms-without-headers',
    what: 'kernel modules are not built',
    where: sources.map((name) => `/usr/src/${name}`).join(', '),
    why: `the headers of the kernel ${release} are not in the machine`,
    next: 'add them to packages: "linux-headers-amd64" for Debian\'s own kernel, or those of the definition\'s kernel',
  };
}
