/**
 * Licences of a Debian package, from its machine-readable copyright file (copyright-format/1.0), as an SPDX
 * expression. Pure.
 */

/** SPDX's identifiers of Debian's short names (copyright-format/1.0; spdx.org/licenses). */
const IDS: Readonly<Record<string, string>> = {
  'agpl-3': 'AGPL-3.0-only',
  'agpl-3+': 'AGPL-3.0-or-later',
  'apache-2.0': 'Apache-2.0',
  artistic: 'Artistic-1.0-Perl',
  'artistic-2.0': 'Artistic-2.0',
  'bsd-2-clause': 'BSD-2-Clause',
  'bsd-3-clause': 'BSD-3-Clause',
  'bsd-4-clause': 'BSD-4-Clause',
  'bsl-1.0': 'BSL-1.0',
  'cc0-1.0': 'CC0-1.0',
  'cc-by-3.0': 'CC-BY-3.0',
  'cc-by-4.0': 'CC-BY-4.0',
  'cc-by-sa-3.0': 'CC-BY-SA-3.0',
  'cc-by-sa-4.0': 'CC-BY-SA-4.0',
  expat: 'MIT',
  'gfdl-1.2': 'GFDL-1.2-only',
  'gfdl-1.2+': 'GFDL-1.2-or-later',
  'gfdl-1.3': 'GFDL-1.3-only',
  'gfdl-1.3+': 'GFDL-1.3-or-later',
  'gpl-1': 'GPL-1.0-only',
  'gpl-1+': 'GPL-1.0-or-later',
  'gpl-2': 'GPL-2.0-only',
  'gpl-2+': 'GPL-2.0-or-later',
  'gpl-3': 'GPL-3.0-only',
  'gpl-3+': 'GPL-3.0-or-later',
  isc: 'ISC',
  'lgpl-2': 'LGPL-2.0-only',
  'lgpl-2+': 'LGPL-2.0-or-later',
  'lgpl-2.1': 'LGPL-2.1-only',
  'lgpl-2.1+': 'LGPL-2.1-or-later',
  'lgpl-3': 'LGPL-3.0-only',
  'lgpl-3+': 'LGPL-3.0-or-later',
  'mpl-1.1': 'MPL-1.1',
  'mpl-2.0': 'MPL-2.0',
  'ofl-1.1': 'OFL-1.1',
  'psf-2': 'PSF-2.0',
  zlib: 'Zlib',
};

/** What SPDX calls something that the document does not know. */
export const NOASSERTION = 'NOASSERTION';

/** The licences of a package. */
export interface Licences {
  /** An SPDX expression; `NOASSERTION` where Debian's file does not say it in names that SPDX has. */
  readonly expression: string;
  /** Debian's own names, in the order of the file. */
  readonly names: readonly string[];
}

/** Reads a copyright file. */
export function licencesIn(text: string): Licences {
  if (!/^Format:\s*\S*copyright-format\/1\.0/m.test(text)) return { expression: NOASSERTION, names: [] };
  const names = new Set<string>();
  for (const paragraph of text.split(/\n\s*\n/)) {
    // Paragraphs without files only have the text of a licence.
    if (!/^(Files|Format):/m.test(paragraph)) continue;
    const name = /^License:[ \t]*(\S.*)$/m.exec(paragraph)?.[1]?.trim();
    if (name !== undefined) names.add(name);
  }
  const all = [...names];
  const terms = all.map(expressionOf);
  const known = terms.every((term) => term !== undefined) && terms.length > 0;
  return { expression: known ? joined(terms as string[]) : NOASSERTION, names: all };
}

/** Several licences of one package all apply, each to some of its files. */
function joined(terms: readonly string[]): string {
  const [only, ...more] = [...new Set(terms)].sort();
  if (more.length === 0) return only ?? NOASSERTION;
  return [only ?? '', ...more].map((term) => (/ OR /.test(term) ? `(${term})` : term)).join(' AND ');
}

/** One field, such as `GPL-2+ or Expat`; `undefined`: a name in it is not SPDX's. */
function expressionOf(field: string): string | undefined {
  const alternatives = field.split(/,?\s+or\s+/i).map((one) => {
    const ids = one.split(/,?\s+and\s+/i).map((name) => IDS[name.trim().toLowerCase()]);
    return ids.every((id) => id !== undefined) ? ids.join(' AND ') : undefined;
  });
  return alternatives.every((one) => one !== undefined) ? alternatives.join(' OR ') : undefined;
}
