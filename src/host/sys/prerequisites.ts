/** Finds what is missing on this host, and installs it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import type { HostTool } from './packages.js';
import { run } from './run.js';

/** Folders in root's PATH on Debian, but perhaps not in a user's. */
const SYSTEM = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** The path of a program, searched in `path` (as in the PATH variable) and the system's own folders. */
export function findProgram(program: string, path: string): string | undefined {
  const folders = [...path.split(delimiter).filter(Boolean), ...SYSTEM];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The path of a tool; `undefined` if it is missing. */
export function findTool(tool: HostTool, path: string): string | undefined {
  return tool.files === undefined
    ? findProgram(tool.program, path)
    : tool.files.find((file) => existsSync(file));
}

export function missingTools(tools: readonly HostTool[], path: string): HostTool[] {
  return tools.filter((tool) => findTool(tool, path) === undefined);
}

/** Debian packages of the tools, each once. */
export function packagesOf(tools: readonly HostTool[]): string[] {
  return [...new Set(tools.map((tool) => tool.package))].sort();
}

/** The one command that installs the packages. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get install --no-install-recommends ${packages.join(' ')}`;
}

/** How packages are installed. */
export interface Installing {
  /** Variables that name proxies. */
  readonly fetching: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Installs packages on this host with apt and its own configuration, as root, after updating its lists. */
export async function installPackages(
  packages: readonly string[],
  { fetching, signal, onLine }: Installing,
): Promise<Result<void>> {
  const env = { DEBIAN_FRONTEND: 'noninteractive', HOME: '/root' };
  const commands = [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', ...packages],
  ];
  for (const args of commands) {
    const done = await run({ file: 'apt-get', args, env, secretEnv: fetching }, { signal, onLine });
    if (!done.ok) return err({ ...done.problem, what: `cannot install ${packages.join(', ')}` });
  }
  return ok();
}
