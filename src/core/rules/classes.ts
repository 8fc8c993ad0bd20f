/** Classes of what can be saved, for rules that concern more than one path. Pure. */

/**
 * A path belongs to one class at most, the first of {@link MEMBERS} that matches; packages and accounts
 * belong to theirs, and everything to `all`.
 */
export const CLASS_NAMES = [
  ...(['all', 'packages', 'accounts', 'identity', 'homes', 'configuration', 'state'] as const),
] as const;

export type ClassName = (typeof CLASS_NAMES)[number];

/** Paths, relative to the root; with a folder, all in it. */
const MEMBERS: readonly (readonly [ClassName, RegExp])[] = [
  [
    'identity',
    /^(etc\/(machine-id|hostname|ssh\/ssh_host_[^/]*_key(\.pub)?)|var\/lib\/(dbus\/machine-id|NetworkManager\/secret_key|dhcpcd\/duid|dhcpcd\/secret))$/,
  ],
  ['homes', /^(home|root)(\/|$)/],
  ['configuration', /^etc(\/|$)/],
  ['state', /^(var|srv)(\/|$)/],
];

/** The class of a path, relative to the root; `undefined`: none but `all`. */
export function classOfPath(path: string): ClassName | undefined {
  return MEMBERS.find(([, matches]) => matches.test(path))?.[0];
}
