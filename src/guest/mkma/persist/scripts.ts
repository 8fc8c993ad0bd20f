/** What a package's scripts say. */
import { INFO } from '../../../core/records/packages.js';
import type { GuestSystem } from '../../system.js';

/**
 * Words in the scripts that install a package, and in its files for sysusers.d(5): names of accounts that it
 * needs are among them. `files`: its absolute paths.
 */
export function wordsOfPackage(
  machine: GuestSystem,
  root: string,
  name: string,
  files: readonly string[],
): Set<string> {
  const declared = files.filter((file) => file.startsWith('/usr/lib/sysusers.d/'));
  const scripts = [`/${INFO}/${name}.preinst`, `/${INFO}/${name}.postinst`, ...declared];
  const text = scripts.map((file) => machine.readText(root + file) ?? '').join('\n');
  return new Set(text.split(/[^A-Za-z0-9_.-]+/));
}
