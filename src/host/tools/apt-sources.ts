/** Reads apt's sources (sources.list(5)): one-line and deb822 style. Pure. */

export interface AptSource {
  readonly uri: string;
  readonly suite: string;
}

/** Sources of binary packages in a `.list` file. */
export function parseOneLine(text: string): AptSource[] {
  const out: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)/.exec(line.replace(/#.*/, ''));
    if (match) out.push({ uri: match[1] as string, suite: match[2] as string });
  }
  return out;
}

/** Sources of binary packages in a `.sources` file, without disabled stanzas. */
export function parseDeb822(text: string): AptSource[] {
  const out: AptSource[] = [];
  const uncommented = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  for (const stanza of uncommented.split(/\n\s*\n/)) {
    const fields = new Map<string, string[]>();
    for (const match of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields.set((match[1] as string).toLowerCase(), (match[2] as string).split(/\s+/).filter(Boolean));
    }
    if (fields.get('enabled')?.[0]?.toLowerCase() === 'no' || !fields.get('types')?.includes('deb')) continue;
    for (const uri of fields.get('uris') ?? []) {
      for (const suite of fields.get('suites') ?? []) out.push({ uri, suite });
    }
  }
  return out;
}

/** The Debian mirror and security mirror among a Debian host's sources; absent if there is none. */
export function pickMirrors(sources: readonly AptSource[]): { main?: string; security?: string } {
  const plain = sources.map((source) => ({ ...source, uri: source.uri.replace(/\/+$/, '') }));
  const debian = plain.filter(
    ({ uri }) => /^(https?|ftp|file|copy):/.test(uri) && /\/debian(-security)?$/.test(uri),
  );
  const main = debian.find(({ uri, suite }) => uri.endsWith('/debian') && !suite.includes('security'))?.uri;
  const security = debian.find(({ uri }) => uri.endsWith('/debian-security'))?.uri;
  return { ...(main === undefined ? {} : { main }), ...(security === undefined ? {} : { security }) };
}
