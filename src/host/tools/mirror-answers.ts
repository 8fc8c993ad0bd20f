/** What a mirror answered that apt could not use, out of what apt prints (apt 2.6 to 3.0; notes/apt.md). Pure. */

import type { Problem } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';

/** A file that could not be fetched, and why. */
export interface MirrorAnswer {
  readonly url: string;
  /** apt's words. */
  readonly words: string;
  readonly kind: AnswerKind;
  /** Further files that could not be fetched. */
  readonly others: number;
}

interface Kind {
  /** What apt says then. */
  readonly words: RegExp;
  /** Whether asking again may help. */
  readonly passes: boolean;
  readonly code: string;
  /** What is to be told before apt's words. */
  readonly why: string;
  readonly next: string;
}

const LATER = 'try again later, or name another mirror with --mirror';

/** The kinds, the first whose words fit. What does not pass comes first where several files fail. */
const KINDS = {
  login: {
    words: /^(401|403|407) |Proxy requested authentication|Invalid response from proxy: HTTP\/1\.\d 40[137]/,
    passes: false,
    code: 'mirror-refuses',
    why: 'it is not given to everybody',
    next: 'name who you are in /etc/apt/auth.conf.d (apt_auth.conf(5)), or to a proxy: --proxy http://NAME:PASSWORD@HOST:PORT',
  },
  certificate: {
    words: /[Cc]ertificate|handshake|TLS connection was non-properly terminated/,
    passes: false,
    code: 'mirror-certificate',
    why: 'nobody whom this host trusts vouches for it',
    next: "put its certificate authority's file into /usr/local/share/ca-certificates and run update-ca-certificates, or name it for apt: Acquire::https::CAInfo",
  },
  name: {
    words: /Could not resolve|Temporary failure resolving|Something wicked happened resolving/,
    passes: true,
    code: 'mirror-name-unknown',
    why: 'the name of the mirror, or of a proxy, cannot be resolved',
    next: 'check the network, the name server and --mirror; where only a proxy leads out, name it: --proxy http://HOST:PORT',
  },
  unreachable: {
    words:
      /Could not connect|Unable to connect|Connection (failed|refused|timed out)|Cannot initiate the connection|unreachable|No route/,
    passes: true,
    code: 'mirror-unreachable',
    why: 'it cannot be connected to',
    next: 'check the network and --mirror; where only a proxy leads out, name it: --proxy http://HOST:PORT',
  },
  wrong: {
    words: /Hash Sum mismatch|unexpected size|Clearsigned file isn't valid|NOSPLIT|NODATA/,
    passes: true,
    code: 'mirror-file-wrong',
    why: 'what came is not what the lists promise: the mirror is being updated, or something on the way (a proxy, a login page) changes files',
    next: `${LATER}; where a proxy spoils files, go without it: --proxy direct`,
  },
  absent: {
    words: /^(404|410) /,
    passes: true,
    code: 'mirror-lacks-file',
    why: 'its lists name the file, but it is not there: the mirror is being updated',
    next: LATER,
  },
  overloaded: {
    words: /^(408|429|5\d\d) /,
    passes: true,
    code: 'mirror-unavailable',
    why: 'the mirror, or a proxy before it, cannot serve now',
    next: LATER,
  },
  broken: {
    words: /./,
    passes: true,
    code: 'mirror-connection-broken',
    why: 'the connection ended before the file was there',
    next: LATER,
  },
} as const satisfies Record<string, Kind>;

type AnswerKind = keyof typeof KINDS;

/** The answer that ended a bootstrap; `undefined` where it was nothing of a mirror's. */
export function mirrorAnswer(output: string): MirrorAnswer | undefined {
  const failed = new Map<string, MirrorAnswer>();
  for (const [, url = '', words = ''] of output.matchAll(/^[EW]: Failed to fetch (\S+)\s+(.+)$/gm)) {
    if (failed.has(url)) continue;
    const kind = (Object.keys(KINDS) as AnswerKind[]).find((name) => KINDS[name].words.test(words));
    failed.set(url, { url: withoutLogins(url), words: plainWords(words), kind: kind ?? 'broken', others: 0 });
  }
  const answers = [...failed.values()];
  const first = answers.find((answer) => !mayPass(answer)) ?? answers[0];
  return first === undefined ? undefined : { ...first, others: answers.length - 1 };
}

/** `503  Service Unavailable [IP: 192.0.2.1 80]` without the address of the server. */
function plainWords(words: string): string {
  return withoutLogins(
    words
      .replace(/\s*\[IP: [^\]]*\]/, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

/** Whether asking again may help. */
export function mayPass({ kind }: MirrorAnswer): boolean {
  return KINDS[kind].passes;
}

/** In one line, while it is tried again: `beta_1.0_all.deb: 503 Service Unavailable`. */
export function briefly({ url, words, others }: MirrorAnswer): string {
  const name = url.slice(url.lastIndexOf('/') + 1);
  return `${name}: ${words}${others === 0 ? '' : ` (and ${others} more)`}`;
}

/** The answer as a problem: which file, what the mirror answered, what to do. */
export function explainAnswer(
  answer: MirrorAnswer,
): Required<Pick<Problem, 'code' | 'where' | 'why' | 'next'>> {
  const { code, why, next } = KINDS[answer.kind];
  const others = answer.others === 0 ? '' : `\nfiles that could not be fetched besides: ${answer.others}`;
  return { code, where: answer.url, why: `${why}\napt says: ${answer.words}${others}`, next };
}
