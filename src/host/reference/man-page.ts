/** The manual page mkma(1), in man(7). Pure. */
import type { CommandOutline, OptionOutline } from './commands.js';

/** The page of these commands. */
export function renderManPage(commands: readonly CommandOutline[]): string {
  const lines = [
    '.\\" Generated from the command line itself: npm run reference',
    '.TH MKMA 1',
    '.SH NAME',
    'mkma \\- build, test and maintain Debian systems that boot whole into RAM',
    '.SH SYNOPSIS',
    ...commands.flatMap(({ name, usage }) => [`.B mkma ${roff(name)}`, roff(usage), '.br']),
    '.SH DESCRIPTION',
    'mkma builds Debian system images that boot whole into RAM.',
    'Changes on the running machine can be saved as layers, which later boots stack on top.',
    'A machine is defined by a file',
    '.I mkma.config.ts',
    '(.js, .json), or by a preset.',
    '.SH COMMANDS',
    ...commands.flatMap(command),
    '.SH ENVIRONMENT',
    ...variables(commands),
    '.SH FILES',
    '.TP',
    '.I mkma.config.ts',
    'The definition of the machine, in the current folder.',
    '.TP',
    '.I mkma_images/',
    'The output of a build: base, initramfs, kernel, kernel command line, and the unpacked trees.',
    '.TP',
    '.I /var/cache/mkma',
    'Stages and packages that are kept between builds.',
    '.SH EXIT STATUS',
    '0 success, 1 the work failed, 2 wrong usage or definition, 130 interrupted.',
    '',
  ];
  return lines.join('\n');
}

function command({ name, usage, description, options }: CommandOutline): string[] {
  return [
    `.SS mkma ${roff(name)} ${roff(usage)}`,
    roff(description),
    ...options.flatMap((option) => ['.TP', `.B ${roff(option.flags)}`, roff(words(option))]),
  ];
}

function words({ description, choices }: OptionOutline): string {
  return choices.length === 0 ? description : `${description} (${choices.join(', ')})`;
}

/** Each variable once, with its option. */
function variables(commands: readonly CommandOutline[]): string[] {
  const found = new Map<string, OptionOutline>();
  for (const option of commands.flatMap(({ options }) => options)) {
    if (option.variable !== undefined && !found.has(option.variable)) found.set(option.variable, option);
  }
  return [...found].flatMap(([name, { long }]) => ['.TP', `.B ${name}`, `Same as ${roff(long)}.`]);
}

/** Text for roff: backslashes and hyphens escaped, no control characters at the start of a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
