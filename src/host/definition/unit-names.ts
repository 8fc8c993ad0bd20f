/** Names of systemd units in definitions. Pure. */

/** A unit with its suffix. */
export function unitOf(name: string): string {
  return /\.(service|socket|timer|target|path|mount|automount|swap|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`;
}
