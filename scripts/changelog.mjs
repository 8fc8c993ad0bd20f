/** CHANGELOG.md as its sections: what the release and the Debian package read of it. Pure. */

/** Heading of what no version has yet. */
export const UNRELEASED = 'Unreleased';

/** The sections, newest first: `name`, `date` (YYYY-MM-DD, where it has one), `items` (a paragraph each, on one line). */
export function sectionsOf(changelog) {
  const [, ...sections] = changelog.split(/^## /m);
  return sections.map((section) => {
    const [heading, ...lines] = section.split('\n');
    const [, name, date] = /^(\S+)(?: \((\d{4}-\d{2}-\d{2})\))?/.exec(heading);
    return { name, date, items: itemsOf(lines) };
  });
}

/** The changelog with its unreleased section as that of a version. */
export function released(changelog, version, date) {
  return changelog.replace(new RegExp(`^## ${UNRELEASED}$`, 'm'), `## ${version} (${date})`);
}

function itemsOf(lines) {
  const items = [];
  let open = false;
  for (const line of lines) {
    if (line.startsWith('* ') || (!open && line !== '')) items.push(line.replace(/^\* /, ''));
    else if (line !== '') items.push(`${items.pop()} ${line.trim()}`);
    open = line !== '';
  }
  return items;
}
