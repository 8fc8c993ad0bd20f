/** The boundaries of the house, as rules over source text. Pure, so that the rules themselves can be tested. */

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Modules that a source file imports, as written. */
function imports(text: string): string[] {
  const out: string[] = [];
  for (const match of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g))
    out.push(match[1] as string);
  return out;
}

/** The room of the house a relative import leads to: `core`, `host`, `guest`. */
function roomOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = path.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts[0] === 'src' ? parts[1] : undefined;
}

/** Source without comments and the content of strings, for rules about what code does. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

const SUBPROCESS = /^(node:)?(child_process|execa)$/;
const ENGINE = /^(node:.*|std|os)$/;

/** What the guest takes from outside: the engine in one file; the parser where there is a command line to parse. */
function mayImport(path: string, specifier: string): boolean {
  if (specifier === '@stricli/core') return path.startsWith('src/guest/mkma/');
  if (specifier === 'ignore') return path === 'src/guest/mkma/persist/choose.ts';
  return ENGINE.test(specifier) && (path.startsWith('src/guest/qjs/') || path === 'src/guest/packer/main.ts');
}

/** What a file does against the rules; empty where it keeps them. */
export function violations({ path, text }: SourceFile): string[] {
  const out: string[] = [];
  const room = path.split('/')[1];
  const code = codeOf(text);
  const say = (rule: string): void => {
    out.push(`${path}: ${rule}`);
  };
  for (const specifier of imports(text)) {
    const target = roomOf(path, specifier);
    if (room === 'core' && target !== 'core') say(`core imports nothing but core, not ${specifier}`);
    if (room === 'host' && target === 'guest') say(`host does not import guest (${specifier})`);
    if (room === 'guest' && target === 'host') say(`guest does not import host (${specifier})`);
    if (room === 'guest' && target === undefined && !mayImport(path, specifier)) {
      say(`only src/guest/qjs/ imports the engine, only the command line its parser (${specifier})`);
    }
    if (room === 'host' && SUBPROCESS.test(specifier) && path !== 'src/host/sys/run.ts') {
      say(`only src/host/sys/run.ts starts programs (${specifier})`);
    }
  }
  if (
    room === 'core' &&
    /\b(Intl|console|process|globalThis|Date\.now|new Date\(\)|Math\.random)\b/.test(code)
  ) {
    say('core has no clock, no engine, no randomness');
  }
  if (room === 'host') hostRules(path, code, say);
  return out;
}

/** Folders of the host that do work: they take what they need as arguments and tell what happens as events. */
const WORKERS =
  /^src\/host\/(steps|tools|boot-entry|pack|stages|initramfs|qemu|machine-tests|definition|verbs)\//;

/** Node's removal of whole trees, by call; programs that do it are in strings, of which nothing is left here. */
const REMOVES_TREES = /\brm(?:Sync|dir|dirSync)?\([^;]*\brecursive\b|\brimraf\b/;

function hostRules(path: string, code: string, say: (rule: string) => void): void {
  if (path !== 'src/host/main.ts' && /\bprocess\.(exit|exitCode)\b/.test(code))
    say('only main.ts ends the process');
  if (/\bprocess\.chdir\b/.test(code)) say('nothing changes the folder');
  if (path !== 'src/host/sys/remove.ts' && REMOVES_TREES.test(code))
    say('only src/host/sys/remove.ts removes trees: it never goes across a mount');
  const printer = path.startsWith('src/host/report/') || path === 'src/host/main.ts';
  if (!printer && /\b(console\.(log|error|warn|info|debug)\b|process\.(stdout|stderr)\b)/.test(code))
    say('only report/ prints');
  if (WORKERS.test(path) && /\bprocess\.env\b/.test(code)) say('steps and tools do not read the environment');
}
