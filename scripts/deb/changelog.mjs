/** The package's version and its Debian changelog (deb-changelog(5)), from CHANGELOG.md. Pure. */
import { sectionsOf, UNRELEASED } from '../changelog.mjs';

const COLUMNS = 78;

/** The version of the package: between releases later than the last one, by the time of the commit. */
export function debVersion(version, changelog, epoch) {
  if (sectionsOf(changelog)[0].name !== UNRELEASED) return version;
  const time = new Date(epoch * 1000).toISOString().replace(/\D/g, '').slice(0, 14);
  return `${version}+${time}`;
}

/** An entry for this package, and one for each dated release. */
export function debChangelog({ name, author }, version, changelog, epoch) {
  const [newest, ...older] = sectionsOf(changelog);
  const entries = [
    { version, time: epoch * 1000, items: newest.items },
    ...older
      .filter(({ date }) => date !== undefined)
      .map((section) => ({ version: section.name, time: Date.parse(section.date), items: section.items })),
  ];
  return entries
    .map((entry) =>
      [
        `${name} (${entry.version}) unstable; urgency=medium\n`,
        ...entry.items.map((item) => wrapped(item, '  * ', '    ')),
        `\n -- ${author}  ${new Date(entry.time).toUTCString().replace('GMT', '+0000')}\n`,
      ].join('\n'),
    )
    .join('\n');
}

function wrapped(text, first, next) {
  const lines = [first.trimEnd()];
  for (const word of text.split(' ')) {
    if (lines.at(-1).length + 1 + word.length <= COLUMNS) lines.push(`${lines.pop()} ${word}`);
    else lines.push(next + word);
  }
  return lines.join('\n');
}
