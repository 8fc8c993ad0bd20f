/** Names of systemd units, as people write them. Pure. */

/** A unit with its ending. */
export function unitOf(name: string): string {
  return /\.(service|socket|timer|target|path|mount|automount|swap|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`;
}
