/** Describes the lists of a suite: `InRelease` or `Release` (Debian's repository format). Pure. */

export interface Release {
  /** When the lists were made, in milliseconds since the epoch; `undefined`: it does not say. */
  readonly date?: number | undefined;
  /** Until when they are valid. */
  readonly validUntil?: number | undefined;
  /** The suite's name. */
  readonly suite: string;
  /** SHA-256 of lists, by their paths. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Reads its fields; a signature around them is passed over, not verified: apt does that. */
export function parseRelease(text: string): Release {
  const field = (name: string): string | undefined => new RegExp(`^${name}: *(.+)$`, 'm').exec(text)?.[1];
  const time = (name: string): number | undefined => {
    const at = Date.parse(field(name) ?? '');
    return Number.isNaN(at) ? undefined : at;
  };
  const [, listed = ''] = /^SHA256:\s*\n((?: .*\n?)*)/m.exec(text) ?? [];
  const digests = [...listed.matchAll(/^ ([0-9a-f]{64}) +\d+ (\S+)$/gm)];
  return {
    date: time('Date'),
    validUntil: time('Valid-Until'),
    suite: field('Codename') ?? field('Suite') ?? '',
    digests: new Map(digests.map(([, digest = '', path = '']) => [path, digest])),
  };
}

/** Characters that apt replaces in names of lists (URItoFileName in apt-pkg/contrib/strutl.cc). */
const QUOTED = /[\\|{}[\]<>"^~_=!@#$%&*]/g;

/** How apt's names of lists begin that come from a URL. */
export function listPrefix(url: string): string {
  const plain = url.replace(/^[a-z0-9+.-]+:\/*/i, '').replace(/\/+$/, '');
  const hex = (one: string): string => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return plain.replace(QUOTED, hex).replaceAll('/', '_');
}
