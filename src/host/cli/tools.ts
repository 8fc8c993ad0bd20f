/**
 * The programs that a command requires: checked before it starts, and installed if a checkout's launcher
 * started it.
 */
import { err, ok, type Result } from '../../core/result.js';
import { installTools } from '../install-tools.js';
import { confirm } from '../report/ask.js';
import { PROXY_VARIABLES, pick } from '../sys/environment.js';
import type { HostTool } from '../sys/packages.js';
import { installCommand, missingTools, packagesOf } from '../sys/prerequisites.js';
import type { Session } from './session.js';

/**
 * Fails if a program is missing and is not installed. `yes`: do not ask. `fetching`: variables that name
 * proxies. `offline`: install nothing.
 */
export async function ensureTools(
  session: Session,
  tools: readonly HostTool[],
  yes: boolean,
  fetching: Readonly<Record<string, string>> = pick(session.env, PROXY_VARIABLES),
  offline = false,
): Promise<Result<void>> {
  const missing = missingTools(tools, session.env.PATH ?? '');
  if (missing.length === 0) return ok();
  const packages = packagesOf(missing);
  const needs = missing.map((tool) => `${tool.program}: ${tool.purpose}`).join('\n');
  const command = `${session.caller.root ? '' : 'sudo '}${installCommand(packages)}`;
  const refused = err({
    code: 'program-missing',
    what: 'programs are missing on this host',
    why: needs,
    next: `install them: ${command}`,
  });
  // Only the launcher of a checkout installs packages; an installed mkma does not change the host.
  if (offline || session.env.MKMA_LAUNCHER === undefined || !session.caller.root) return refused;
  const { emit, signal } = session.context;
  emit({ type: 'note', text: `missing on this host, to be installed: ${packages.join(' ')}` });
  session.printer.close();
  if (!yes && session.interactive && !(await confirm('Install them now?', signal))) return refused;
  return installTools(packages, fetching, session.context);
}
