/** A mount namespace for a test file: whatever it mounts is gone with it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MARK = 'MKMA_TEST_NAMESPACE';

/** Whether this test is in a mount namespace of its own. */
export function isInOwnMounts(): boolean {
  return process.env[MARK] !== undefined;
}

/** Start the file again in a mount namespace of its own, unless it is in one; returns only there. */
export function inOwnMounts(url: string): void {
  if (isInOwnMounts()) return;
  const argv = ['--mount', '--propagation', 'private', process.execPath, fileURLToPath(url)].concat(
    process.argv.slice(2),
  );
  const ended = spawnSync('unshare', argv, { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } });
  process.exit(ended.status ?? 1);
}
