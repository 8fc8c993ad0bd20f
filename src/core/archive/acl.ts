/** POSIX ACLs as extended attributes carry them (include/uapi/linux/posix_acl_xattr.h in the kernel). */

import { base64, decodeBase64 } from '../text/bytes.js';
import type { FileAttributes } from './attributes.js';

const NAMES = ['system.posix_acl_access', 'system.posix_acl_default'] as const;
/**
 * Bytes of the head, which is a version, and of an entry: tag and permissions of 16 bits, an id of 32, little
 * endian.
 */
const HEAD = 4;
const ENTRY = 8;
/** Tags of entries with an id (include/uapi/linux/posix_acl.h). */
const USER = 0x02;
const GROUP = 0x08;

/** Numbers of the users and groups in a file's ACLs. */
export function aclIds(values: FileAttributes['values']): { users: number[]; groups: number[] } {
  const found = { users: [] as number[], groups: [] as number[] };
  for (const name of NAMES) {
    const value = values[name];
    if (value === undefined) continue;
    const bytes = decodeBase64(value);
    const view = new DataView(bytes.buffer);
    for (let at = HEAD; at + ENTRY <= bytes.length; at += ENTRY) {
      const tag = view.getUint16(at, true);
      const id = view.getUint32(at + 4, true);
      if (tag === USER) found.users.push(id);
      else if (tag === GROUP) found.groups.push(id);
    }
  }
  return found;
}

/** The attributes with other numbers in the file's ACLs; the same object if none changes. */
export function withAclIds(
  values: FileAttributes['values'],
  users: ReadonlyMap<number, number>,
  groups: ReadonlyMap<number, number>,
): FileAttributes['values'] {
  const { users: inUsers, groups: inGroups } = aclIds(values);
  if (!inUsers.some((id) => users.has(id)) && !inGroups.some((id) => groups.has(id))) return values;
  const changed: Record<string, string> = { ...values };
  for (const name of NAMES) {
    const value = values[name];
    if (value === undefined) continue;
    const bytes = decodeBase64(value);
    const view = new DataView(bytes.buffer);
    for (let at = HEAD; at + ENTRY <= bytes.length; at += ENTRY) {
      const tag = view.getUint16(at, true);
      const to = (tag === USER ? users : tag === GROUP ? groups : undefined)?.get(
        view.getUint32(at + 4, true),
      );
      if (to !== undefined) view.setUint32(at + 4, to, true);
    }
    changed[name] = base64(bytes);
  }
  return changed;
}
