/** What blkid(8) prints about a device with `--output export`. */

/**
 * Tags such as UUID, LABEL, TYPE, by their names: lines of `KEY=value`, special characters after a backslash.
 */
export function parseTags(block: string): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const line of block.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) tags[line.slice(0, equals)] = line.slice(equals + 1).replace(/\\(.)/g, '$1');
  }
  return tags;
}
