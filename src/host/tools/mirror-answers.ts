/** Why apt could not use a mirror's answer, from apt's output (apt 2.6 to 3.0; notes/apt.md). Pure. */

import type { Problem } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';

/** A file that could not be fetched, and why. */
export interface MirrorAnswer {
  readonly url: string;
  /** apt's words. */
  readonly words: string;
  readonly kind: AnswerKind;
  /** Number of other files that could not be fetched. */
  readonly others: number;
}

interface Kind {
  /** apt's words for it. */
  readonly words: RegExp;
  /** Whether a retry may help. */
  readonly passes: boolean;
  readonly code: string;
  /** What is reported before apt's words. */
  readonly why: string;
  readonly next: string;
}

const LATER = 'try again later, or name another mirror with --mirror';

/** The kinds, the first match wins. Permanent ones come first, for when several files fail. */
const KINDS = {
  login: {
    words: /^(401|403|407) |Proxy requested authentication|Invalid response from proxy: HTTP\/1\.\d 40[137]/,
    passes: false,
    code: 'mirror-refuses',
    why: 'access requires authorization',
    next: 'add a login to /etc/apt/auth.conf.d (apt_auth.conf(5)), or for a proxy use --proxy http://NAME:PASSWORD@HOST:PORT',
  },
  certificate: {
    words: /[Cc]ertificate|handshake|TLS connection was non-properly terminated/,
    passes: false,
    code: 'mirror-certificate',
    why: 'this host does not trust its certificate',
    next: "put the certificate of its authority into /usr/local/share/ca-certificates and run update-ca-certificates, or set apt's Acquire::https::CAInfo",
  },
  name: {
    words: /Could not resolve|Temporary failure resolving|Something wicked happened resolving/,
    passes: true,
    code: 'mirror-name-unknown',
    why: 'cannot resolve the name of the mirror or of a proxy',
    next: 'check the network, the name server and --mirror; if this host needs a proxy, name it: --proxy http://HOST:PORT',
  },
  unreachable: {
    words:
      /Could not connect|Unable to connect|Connection (failed|refused|timed out)|Cannot initiate the connection|unreachable|No route/,
    passes: true,
    code: 'mirror-unreachable',
    why: 'cannot connect to it',
    next: 'check the network and --mirror; if this host needs a proxy, name it: --proxy http://HOST:PORT',
  },
  wrong: {
    words: /Hash Sum mismatch|unexpected size|Clearsigned file isn't valid|NOSPLIT|NODATA/,
    passes: true,
    code: 'mirror-file-wrong',
    why: 'the file does not match the lists: the mirror is being updated, or something on the way (a proxy, a login page) changes files',
    next: `${LATER}; if a proxy changes files, bypass it with --proxy direct`,
  },
  absent: {
    words: /^(404|410) /,
    passes: true,
    code: 'mirror-lacks-file',
    why: 'its lists name the file, but it does not exist: the mirror is being updated',
    next: LATER,
  },
  overloaded: {
    words: /^(408|429|5\d\d) /,
    passes: true,
    code: 'mirror-unavailable',
    why: 'the mirror, or a proxy before it, is temporarily unavailable',
    next: LATER,
  },
  broken: {
    words: /./,
    passes: true,
    code: 'mirror-connection-broken',
    why: 'the connection ended before the file was complete',
    next: LATER,
  },
} as const satisfies Record<string, Kind>;

type AnswerKind = keyof typeof KINDS;

/** The mirror's answer that ended a bootstrap; `undefined` if something else did. */
export function mirrorAnswer(output: string): MirrorAnswer | undefined {
  const answers = mirrorAnswers(output);
  const first = answers.find((answer) => !mayPass(answer)) ?? answers[0];
  return first === undefined ? undefined : { ...first, others: answers.length - 1 };
}

/** All answers that apt reports, each URL once. */
export function mirrorAnswers(output: string): MirrorAnswer[] {
  const failed = new Map<string, MirrorAnswer>();
  for (const [, url = '', words = ''] of output.matchAll(/^[EW]: Failed to fetch (\S+)\s+(.+)$/gm)) {
    if (failed.has(url)) continue;
    const kind = (Object.keys(KINDS) as AnswerKind[]).find((name) => KINDS[name].words.test(words));
    failed.set(url, { url: withoutLogins(url), words: plainWords(words), kind: kind ?? 'broken', others: 0 });
  }
  return [...failed.values()];
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

/** In one line, for retries: `beta_1.0_all.deb: 503 Service Unavailable`. */
export function briefly({ url, words, others }: MirrorAnswer): string {
  const name = url.slice(url.lastIndexOf('/') + 1);
  return `${name}: ${words}${others === 0 ? '' : ` (and ${others} more)`}`;
}

/** The answer as a problem: which file, what the mirror answered, what to do. */
export function explainAnswer(
  answer: MirrorAnswer,
): Required<Pick<Problem, 'code' | 'where' | 'why' | 'next'>> {
  const { code, why, next } = KINDS[answer.kind];
  const others = answer.others === 0 ? '' : `\nother files that could not be fetched: ${answer.others}`;
  return { code, where: answer.url, why: `${why}\napt reports: ${answer.words}${others}`, next };
}
