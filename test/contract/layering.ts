/** The boundaries of the house, as rules over single files. Pure, so that the rules themselves can be tested. */
import { readSource, type Source, type SourceFile, targetOf } from './source.js';

const SUBPROCESS = /^(node:)?(child_process|execa)$/;
const ENGINE = /^(node:.*|std|os)$/;

/** What the guest takes from outside: the engine in one folder; the parser where there is a command line to parse. */
function mayImport(path: string, specifier: string): boolean {
  if (specifier === '@stricli/core') return path.startsWith('src/guest/mkma/');
  if (specifier === 'ignore') return /^src\/guest\/mkma\/persist\/(select|decider)\.ts$/.test(path);
  return ENGINE.test(specifier) && (path.startsWith('src/guest/qjs/') || path === 'src/guest/packer/main.ts');
}

type Say = (rule: string) => void;

/** What a file does against the rules; empty where it keeps them. */
export function violations(file: SourceFile): string[] {
  const source = readSource(file);
  const { path, imports } = source;
  const out: string[] = [];
  const say: Say = (rule) => {
    out.push(`${path}: ${rule}`);
  };
  const room = path.split('/')[1];
  for (const specifier of imports) {
    const target = targetOf(path, specifier)?.split('/')[1];
    if (room === 'core' && target !== 'core') say(`core imports nothing but core, not ${specifier}`);
    if (room === 'host' && target === 'guest') say(`host does not import guest (${specifier})`);
    if (room === 'guest' && target === 'host') say(`guest does not import host (${specifier})`);
    if (room === 'guest' && target === undefined && !mayImport(path, specifier)) {
      say(`only src/guest/qjs/ imports the engine, only the command line its parser (${specifier})`);
    }
    if (room === 'host' && SUBPROCESS.test(specifier) && path !== 'src/host/sys/launch.ts') {
      say(`only src/host/sys/launch.ts starts programs (${specifier})`);
    }
  }
  if (room === 'core') coreRules(source, say);
  if (room === 'host') hostRules(source, say);
  return out;
}

const IMPURE = ['Intl', 'console', 'process', 'globalThis', 'Date.now', 'new Date()', 'Math.random'];

function coreRules({ names }: Source, say: Say): void {
  if (IMPURE.some((name) => names.has(name))) say('core has no clock, no engine, no randomness');
}

const PRINTS = [
  ...['log', 'error', 'warn', 'info', 'debug'].map((name) => `console.${name}`),
  ...['process.stdout', 'process.stderr'],
];

/** Who looks at the environment: the start of the program, and the start of others. */
const ENVIRONMENT = ['src/host/main.ts', 'src/host/sys/command.ts'];

function hostRules({ path, names, removesTrees }: Source, say: Say): void {
  const main = path === 'src/host/main.ts';
  if (!main && (names.has('process.exit') || names.has('process.exitCode')))
    say('only main.ts ends the process');
  if (names.has('process.chdir')) say('nothing changes the folder');
  if (path !== 'src/host/sys/remove.ts' && removesTrees)
    say('only src/host/sys/remove.ts removes trees: it never goes across a mount');
  if (!main && !path.startsWith('src/host/report/') && PRINTS.some((name) => names.has(name)))
    say('only report/ prints');
  if (names.has('process.env') && !ENVIRONMENT.includes(path))
    say('only main.ts and sys/command.ts read the environment');
}
