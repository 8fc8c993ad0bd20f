/** Which tests the words on the runner's command line mean. */
import { parseArgs } from 'node:util';

/** Forms of a base that the shared images come in. */
const FORMS = ['cpio', 'erofs'] as const;
export type Form = (typeof FORMS)[number];

export interface Selection {
  /** Words that paths of tests hold; none: all tests of the suite. */
  readonly words: readonly string[];
  /** The one form that VM tests are to run with. */
  readonly form?: Form;
  /** The long suite, which has everything. */
  readonly all: boolean;
}

/** Read the command line; a text where it is wrong. */
export function readSelection(args: readonly string[]): Selection | string {
  try {
    const options = { form: { type: 'string' }, all: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const selection = { words: positionals, all: values.all === true };
    if (values.form === undefined) return selection;
    const form = FORMS.find((one) => one === values.form);
    if (form === undefined) return `--form=${values.form}: there is ${FORMS.join(' and ')}`;
    return { ...selection, form };
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** Whether only the long suite runs a test, unless words name it. */
export function isLong(path: string): boolean {
  return path.startsWith('long/');
}

/** Whether a test needs nothing but itself: no root, no image, no time. */
export function isQuick(path: string): boolean {
  return /^(unit|contract)\//.test(path);
}

/** Whether a compiled test can run in one process with others: it has no hooks for all tests there, and changes nothing of the process. */
export function sharesProcess(code: string): boolean {
  return !/^(after|before)(Each)?\(|\bprocess\.(env|chdir|umask|exit|on)\b/m.test(code);
}

/** What takes longest begins first, or nothing else would be left to run beside its end. */
const LONGEST = /^vm\/machine-tests\.test/;

/** Those of the compiled files that are meant: what boots machines first, since it takes longest. */
export function selectTests(paths: readonly string[], { words, all }: Selection): string[] {
  return paths
    .filter((path) => path.endsWith('.test.js') && !path.startsWith('with/'))
    .filter((path) => (words.length === 0 ? all || !isLong(path) : words.some((word) => path.includes(word))))
    .sort()
    .reverse()
    .sort((a, b) => Number(LONGEST.test(b)) - Number(LONGEST.test(a)));
}

/** VM tests whose outcome depends on the form of the base: the long suite runs them with both. */
const BY_FORM = /^(vm\/(attributes|layers|medium-vanishes|persist|refused|status)|long\/boot)\.test/;
/** The one that the short suite runs with an archive, which takes longer to load. */
const AS_CPIO = /^vm\/layers\.test/;

/** The forms of a base that a VM test runs with. */
export function formsFor(path: string, { form, all }: Selection): Form[] {
  if (form !== undefined) return [form];
  if (all && BY_FORM.test(path)) return ['cpio', 'erofs'];
  return AS_CPIO.test(path) ? ['cpio'] : ['erofs'];
}
