/** A desktop that is used, and saves by itself. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporary } from '../cli/cli.js';
import { tryDefinition } from '../vm/example.js';
import { NAMES } from '../vm/used-desktop/machine-tests.js';

const TESTS = fileURLToPath(new URL('../vm/used-desktop/machine-tests.js', import.meta.url));

const DEFINITION = `import { defineMachine } from 'mkma';
import { tests } from '${TESTS}';
export default defineMachine({
  extends: ['desktop'],
  packages: ['git', 'libglib2.0-bin', 'openssh-client', 'sqlite3'],
  // Seconds in an emulated machine are hundredths in another.
  persist: { auto: { every: '1s', maxFreeze: '30s' } },
  tests,
});
`;

test('a desktop that is used and saves by itself: what is there after a reboot, and what is not', async () => {
  using folder = temporary();
  const config = join(folder.path, 'mkma.config.ts');
  writeFileSync(config, DEFINITION);
  await tryDefinition(config, 'used-desktop', NAMES, ['--memory', '4096']);
});
