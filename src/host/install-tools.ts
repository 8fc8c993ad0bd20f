/** Installs packages that this host lacks, as a stage of a command. */
import type { Result } from '../core/result.js';
import type { Context } from './context.js';
import { stage } from './stage.js';
import { installPackages } from './sys/prerequisites.js';

/** Installs them. `fetching`: variables that name proxies. */
export function installTools(
  packages: readonly string[],
  fetching: Readonly<Record<string, string>>,
  context: Context,
): Promise<Result<void>> {
  const onLine = (line: string): void => context.emit({ type: 'output', stage: 'install', line });
  return stage(context, 'install', packages.join(' '), () =>
    installPackages(packages, { fetching, signal: context.signal, onLine }),
  );
}
