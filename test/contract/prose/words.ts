/**
 * Words that mkma's prose does without, and what to write instead. Only what is wrong in nearly every use stands here: a check that is
 * often wrong itself gets switched off. A blank stands for any white space. Pure.
 */
interface Word {
  readonly pattern: string;
  readonly better: string;
}

const WORDS: readonly Word[] = [
  { pattern: 'tells', better: 'prints, reports, shows' },
  { pattern: '(?<!unless )(?<!if )told(?! apart)', better: 'reported, given' },
  { pattern: '(?:is|are|was|were|be|been|being|unless) said', better: 'reported, stated, set' },
  { pattern: 'who said', better: 'where it came from' },
  { pattern: 'anew', better: 'again' },
  { pattern: 'br(?:ing|ings|ought) along', better: 'provides, contains' },
  { pattern: 'what there is to', better: 'name it' },
  { pattern: 'there (?:is|are) to be', better: 'to create' },
  { pattern: '(?:is|are|was|were) there already', better: 'already exists' },
  { pattern: 'there is more:', better: 'other errors:' },
  { pattern: 'taken back', better: 'undone' },
  { pattern: 'leads? out of', better: 'escapes' },
  { pattern: 'leads? a port', better: 'forwards a port' },
  {
    pattern: 'lets? (?:root|people|anybody|nobody|others|it|them) (?:in|out)',
    better: 'allows logins, access',
  },
  { pattern: 'have it from', better: 'get it from' },
  { pattern: '(?:that|which|what) (?:is|are) none', better: 'invalid, not a ...' },
  { pattern: 'none fits', better: 'none is accepted' },
  { pattern: 'never a way', better: 'never followed' },
  {
    pattern: 'what (?:it|they|all|those|each|an? \\w+|the \\w+) comes? to',
    better: 'resolved values, result',
  },
  { pattern: 'hangs? on', better: 'is attached to' },
  { pattern: 'at the first time', better: 'first' },
  { pattern: 'given twice', better: 'the last occurrence wins' },
  { pattern: 'as then', better: 'as of that date' },
  { pattern: 'make (?:it|that|them) less', better: 'reduce' },
  { pattern: 'how far (?:it|they|the \\w+) (?:is|are)', better: 'progress' },
  { pattern: 'from \\d[\\d.]* on', better: 'or newer' },
  { pattern: '(?<!page |double )faults?', better: 'error; of mkma itself: bug' },
];

const RULES = WORDS.map(({ pattern, better }) => ({
  search: new RegExp(`(?<![\\w-])(?:${pattern.replaceAll(' ', '\\s+')})(?![\\w-])`, 'gi'),
  better,
}));

/** Something to mend: the line, counted from 1, and what it is. */
export interface Finding {
  readonly line: number;
  readonly what: string;
}

/** The words in a text of prose that have a better one. */
export function wordsIn(prose: string): Finding[] {
  return RULES.flatMap(({ search, better }) =>
    [...prose.matchAll(search)].map((match) => ({
      line: prose.slice(0, match.index).split('\n').length,
      what: `“${match[0].replace(/\s+/g, ' ')}”: ${better}`,
    })),
  );
}
