/** The package's copyright file, in Debian's machine-readable format 1.0: mkma's own licence, and those of what it bundles. */
import { readdirSync, readFileSync } from 'node:fs';

/** Licences by npm's names: Debian's, and the package whose file has the text, unless Debian has it in a place of its own. */
const LICENCES = {
  MIT: { name: 'Expat', text: 'LICENSE' },
  ISC: { name: 'ISC', text: 'node_modules/signal-exit/LICENSE.txt' },
  'Apache-2.0': { name: 'Apache-2.0', common: '/usr/share/common-licenses/Apache-2.0' },
};

/** Of packages that ship no licence file. */
const HOLDERS = { '@stricli/core': ['Bloomberg Finance L.P.'] };

/** `bundled`: folders of npm's packages, by the files that hold them. */
export function copyright(packageName, bundled) {
  const used = new Set(['MIT']);
  const stanzas = Object.entries(bundled).map(([files, folders]) => {
    const packages = folders.map(licensed);
    for (const { licence } of packages) used.add(licence);
    const licences = [...new Set(packages.map(({ licence }) => LICENCES[licence].name))].sort();
    return [
      `Files: ${files}`,
      `Copyright: ${[...new Set(packages.flatMap(({ holders }) => holders))].join('\n ')}`,
      `License: ${licences.join(' and ')}`,
      `Comment: holds ${[...new Set(packages.map(({ name }) => name))].join(',\n ')}`,
    ].join('\n');
  });
  const own = holdersIn(readFileSync('LICENSE', 'utf8'));
  return `${[
    `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: ${packageName}`,
    `Files: *\nCopyright: ${own.join('\n ')}\nLicense: Expat`,
    ...stanzas,
    ...[...used].sort().map(licenceStanza),
  ].join('\n\n')}\n`;
}

/** Name, licence and copyright holders of the package in a folder. */
function licensed(folder) {
  const { name, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const holders = HOLDERS[name] ?? holdersIn(readFileSync(`${folder}/${file}`, 'utf8'));
  if (LICENCES[license] === undefined || holders.length === 0) {
    throw new Error(
      `${name}, ${license}: scripts/deb/copyright.mjs knows no such licence, or finds no holder of it`,
    );
  }
  return { name, licence: license, holders };
}

/** Who holds the copyright, and since when, by the lines of a licence that name them. */
function holdersIn(text) {
  return [...text.matchAll(/^ *Copyright (?:\(c\) (.+)|(\d{4}.+))$/gim)].map(
    ([, sign, year]) => sign ?? year,
  );
}

function licenceStanza(licence) {
  const { name, text, common } = LICENCES[licence];
  if (common !== undefined) return `License: ${name}\n On Debian systems the full text is in ${common}.`;
  // Without title and holders, which stand above.
  const body = readFileSync(text, 'utf8').slice(readFileSync(text, 'utf8').indexOf('Permission'));
  return `License: ${name}\n${body.trim().replace(/^/gm, ' ').replace(/^ $/gm, ' .')}`;
}
