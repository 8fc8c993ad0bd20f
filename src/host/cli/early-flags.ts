/** What is read from arguments and environment before the command line is parsed. */

type Environment = Record<string, string | undefined>;

/** Empty variables of mkma count as unset, and MKMA_QEMU_TEST=0 as no. Changes `env`. */
export function dropEmpty(env: Environment): void {
  for (const name of Object.keys(env)) {
    if (!name.startsWith('MKMA_') && name !== 'SOURCE_DATE_EPOCH') continue;
    if (env[name] === '') delete env[name];
  }
  if (/^(0|no|false|off)$/i.test(env.MKMA_QEMU_TEST ?? '')) delete env.MKMA_QEMU_TEST;
}

/** Flags that choose the printer, which must exist before anything can be refused. */
export function earlyFlags(argv: readonly string[]): { json: boolean; verbose: boolean } {
  const own = ownWords(argv);
  return { json: own.includes('--json'), verbose: own.includes('--verbose') || own.includes('-v') };
}

/** The words that are mkma's own: not those of a command that `mkma shell` runs. */
function ownWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  if (words[0] !== 'shell') return words;
  let at = 1;
  while (words[at]?.startsWith('-') === true) at += words[at] === '-o' || words[at] === '--output' ? 2 : 1;
  return words.slice(0, at);
}
