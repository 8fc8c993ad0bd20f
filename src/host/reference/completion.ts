/** Completion for bash, and for zsh with bashcompinit. Pure. */
import type { CommandOutline } from './commands.js';

/** Options whose value is a path. */
const PATHS = new Set([
  '--output',
  '--config',
  '--cache',
  '--disk',
  '--root',
  '--grub-dir',
  '--esp',
  '--junit',
]);

/** The script of these commands; `presets`: their names. */
export function renderCompletion(commands: readonly CommandOutline[], presets: readonly string[]): string {
  const values = new Map<string, string>([['--preset', presets.join(' ')]]);
  for (const { long, choices } of commands.flatMap(({ options }) => options)) {
    if (choices.length > 0) values.set(long, choices.join(' '));
  }
  const verbs = [...new Set(commands.map(({ name }) => name.split(' ')[0] as string))];
  return [
    '# Completion of mkma for bash: source <(mkma completion). In zsh, first: autoload -U bashcompinit; bashcompinit',
    '# Generated from the command line itself: npm run reference',
    '# shellcheck disable=SC2207 # zsh has no mapfile',
    '_mkma() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb=\${COMP_WORDS[1]} sub=\${COMP_WORDS[2]}`,
    '  COMPREPLY=()',
    '  case $prev in',
    ...[...values].map(
      ([long, words]) => `  ${long}) COMPREPLY=($(compgen -W '${words}' -- "$cur")); return ;;`,
    ),
    `  ${[...PATHS].join(' | ')} | -o | -c) COMPREPLY=($(compgen -f -- "$cur")); return ;;`,
    '  esac',
    '  local words=',
    '  if [ "$COMP_CWORD" = 1 ]; then',
    `    words='${verbs.join(' ')} --help --version'`,
    '  else',
    '    case $verb in',
    ...verbs.flatMap((verb) => verbCase(verb, commands)),
    '    esac',
    '  fi',
    '  case $cur in',
    '  -* | "") COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;',
    '  *) COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -- "$cur")) ;;',
    '  esac',
    '}',
    'complete -o filenames -F _mkma mkma ./mkma',
    '',
  ].join('\n');
}

function verbCase(verb: string, commands: readonly CommandOutline[]): string[] {
  const own = commands.filter(({ name }) => name.split(' ')[0] === verb);
  const optionsOf = ({ options }: CommandOutline): string =>
    ['--help', ...options.map(({ long }) => long)].join(' ');
  const [first] = own;
  if (first !== undefined && first.name === verb) return [`    ${verb}) words='${optionsOf(first)}' ;;`];
  const subs = own.map((one) => ({ sub: one.name.split(' ')[1] as string, words: optionsOf(one) }));
  return [
    `    ${verb})`,
    `      if [ "$COMP_CWORD" = 2 ]; then words='${subs.map(({ sub }) => sub).join(' ')}'; else`,
    '        case $sub in',
    ...subs.map(({ sub, words }) => `        ${sub}) words='${words}' ;;`),
    '        esac',
    '      fi ;;',
  ];
}
