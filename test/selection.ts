/** Which tests the words on the runner's command line mean. */
import { parseArgs } from 'node:util';

/** Forms of a base that the shared images come in. */
export const FORMS = ['cpio', 'erofs'] as const;
export type Form = (typeof FORMS)[number];

export interface Selection {
  /** Words that paths of tests hold; none: all tests. */
  readonly words: readonly string[];
  /** The one form that VM tests are to run with. */
  readonly form?: Form;
}

/** Read the command line; a text where it is wrong. */
export function readSelection(args: readonly string[]): Selection | string {
  try {
    const options = { form: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.form === undefined) return { words: positionals };
    const form = FORMS.find((one) => one === values.form);
    if (form === undefined) return `--form=${values.form}: there is ${FORMS.join(' and ')}`;
    return { words: positionals, form };
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** Those of the compiled files that are meant, in order. */
export function selectTests(paths: readonly string[], { words }: Selection): string[] {
  return paths
    .filter((path) => path.endsWith('.test.js') && !path.startsWith('with/'))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .sort();
}
