/** What of a file is prose: the rest is blanked, so that lines stay where they are. Pure. */
import { type ParserOptions, parse } from '@babel/parser';

/** Stands for code: prose before it and prose behind it are not one sentence. */
const CODE = '\0';

/** Types may be ahead of the parser: what it does not know is passed over. */
const PARSING: ParserOptions = {
  sourceType: 'module',
  plugins: ['typescript'],
  tokens: true,
  errorRecovery: true,
};

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
const hide = (text: string): string => text.replace(/\S/g, CODE);

/** Markdown without code, addresses and what HTML hides. */
export function maskMarkdown(text: string): string {
  return text
    .replace(/^ *```[\s\S]*?^ *```$/gm, hide)
    .replace(/(?<=\n\n)(?: {4}.*\n+)+/g, hide)
    .replace(/(`+)[\s\S]*?\1/g, hide)
    .replace(/\]\([^)]*\)/g, hide)
    .replace(/<!--[\s\S]*?-->/g, hide)
    .replace(/^ *[*>-] /gm, blank);
}

/** Comments and strings of TypeScript; strings that are put together are one text. */
export function maskTypeScript(text: string): string {
  const { comments, tokens } = parse(text, PARSING);
  const spans = [...(comments ?? []), ...((tokens ?? []) as Token[]).filter(isText)].map(
    ({ start, end }) => [start ?? 0, end ?? 0] as const,
  );
  spans.sort(([a], [b]) => a - b);
  let masked = '';
  let at = 0;
  for (const [start, end] of spans) {
    if (start < at) continue;
    masked += between(text.slice(at, start)) + inside(text.slice(start, end));
    at = end;
  }
  return masked + between(text.slice(at));
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly type: string | { readonly label: string };
  readonly value?: string;
}

/** Strings and templates, without the paths of modules. */
function isText({ type, value }: Token): boolean {
  if (typeof type === 'string') return false;
  return type.label === 'string' ? !/^\.{1,2}\//.test(value ?? '') : type.label.includes('template');
}

/** Code between two texts: white space where it only puts them together. */
function between(code: string): string {
  return /^[\s+(]*$/.test(code) ? blank(code) : hide(code);
}

function inside(text: string): string {
  return text.replace(/^(['"`]|\/\*\*?|\/\/)|(['"`]|\*\/)$|^[ \t]*\*(?= |$)/gm, blank).replace(/\\n/g, blank);
}

/** Comments of shell. */
export function maskShell(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^\s*#(?!!)/.test(line) ? line.replace('#', ' ') : hide(line)))
    .join('\n');
}
