/**
 * The kernel command line, parsed like the kernel does (lib/cmdline.c, next_arg): parameters are separated by
 * white space, double quotes protect white space and are dropped, the last occurrence of a parameter wins.
 */

/** One parameter; `value` is absent for a bare word such as `quiet`. */
export interface KernelParameter {
  readonly name: string;
  readonly value?: string;
}

export function parseCmdline(text: string): KernelParameter[] {
  const out: KernelParameter[] = [];
  let i = 0;
  while (i < text.length) {
    while (i < text.length && isSpace(text.charAt(i))) i++;
    let word = '';
    let quoted = false;
    let equals = -1;
    for (; i < text.length; i++) {
      const c = text.charAt(i);
      if (c === '"') {
        quoted = !quoted;
        continue;
      }
      if (!quoted && isSpace(c)) break;
      if (c === '=' && equals < 0) equals = word.length;
      word += c;
    }
    if (word === '') continue;
    out.push(equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) });
  }
  return out;
}

function isSpace(c: string): boolean {
  return c === ' ' || c === '\t' || c === '\n' || c === '\v' || c === '\f' || c === '\r';
}

/** The value that counts: the last occurrence. `undefined` if the parameter is absent or a bare word. */
export function lastValue(parameters: readonly KernelParameter[], name: string): string | undefined {
  return parameters.findLast((p) => p.name === name)?.value;
}

/**
 * Writes parameters as one line. Values with white space are quoted; the kernel cannot parse a quote in a
 * value.
 */
export function renderCmdline(parameters: readonly KernelParameter[]): string {
  return parameters
    .map(({ name, value }) => {
      if (value === undefined) return name;
      if (value.includes('"'))
        throw new Error(`a kernel parameter cannot hold a double quote: ${name}=${value}`);
      return /\s/.test(value) ? `${name}="${value}"` : `${name}=${value}`;
    })
    .join(' ');
}

/**
 * Whether boot loaders can pass a word to the kernel: GRUB writes a backslash before quotes and backslashes.
 */
export function fitsBootLoader(word: string): boolean {
  return !/["'\\\p{Cc}]/u.test(word);
}
