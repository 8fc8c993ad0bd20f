/**
 * Architectures of packages besides the machine's own. They follow from the packages, which are inputs of the
 * stages.
 */
import { err, ok, type Result } from '../../../core/result.js';
import { foreignArchitectures, isDebFile } from '../../definition/package-names.js';
import { run } from '../../sys/run.js';

/** Those named by entries of `packages`, and those of package files. */
export async function foreignOf(
  entries: readonly string[],
  own: string,
  signal: AbortSignal,
): Promise<Result<string[]>> {
  const found = new Set(foreignArchitectures(entries, own));
  for (const file of entries.filter(isDebFile)) {
    const args = ['--field', file, 'Architecture'];
    const asked = await run({ file: 'dpkg-deb', args }, { signal });
    if (!asked.ok) {
      return err({
        code: 'not-a-package',
        what: 'not a Debian package',
        where: file,
        why: asked.problem.why ?? asked.problem.what,
        next: 'name a complete .deb file',
      });
    }
    const name = asked.value.stdout.trim();
    if (name !== 'all' && name !== own) found.add(name);
  }
  return ok([...found]);
}
