/** Tests with real mounts: in a mount namespace of their own, of folders that were made for them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Compiled sources, as a module specifier. */
const sources = new URL('../../src/', import.meta.url);

/**
 * In a namespace of its own, in a new folder: `prepare` by the shell, then `code` as a module with `$` for the sources and `sh()` for
 * further commands. Resolves to what the code gave to `say`.
 */
export function apart(prepare: string, code: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-mounts-'));
  const module = [
    "import { execFileSync } from 'node:child_process';",
    `const sh = (script) => execFileSync('sh', ['-ec', script], { encoding: 'utf8' });`,
    `const $ = (path) => import(new URL(path, ${JSON.stringify(sources.href)}));`,
    "const say = (value) => process.stdout.write('\\n' + JSON.stringify(value));",
    code,
  ].join('\n');
  // A tmpfs holds all of it: whatever goes wrong, there is nothing to be lost, and nothing is left.
  const script = `mount -t tmpfs none "$1" && cd "$1" && { ${prepare}\n} >&2 && exec "$2" --input-type=module -e "$3"`;
  const words = ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', folder];
  try {
    const out = execFileSync('unshare', [...words, process.execPath, module], { encoding: 'utf8' });
    return JSON.parse(out.slice(out.lastIndexOf('\n') + 1));
  } finally {
    rmdirSync(folder);
  }
}
