/** Whether a manifest's account and package records have the form of {@link Records}. */
import { isSafePath } from '../text/path.js';
import { NO_FILE, type Records } from './records.js';

export function isRecords(value: unknown): value is Records {
  if (!isObject(value) || !isDigests(value.files)) return false;
  if (value.below !== undefined && !isDigests(value.below)) return false;
  if (value.own !== undefined && !isOwn(value.own)) return false;
  if (![value.users, value.groups].every((names) => names === undefined || isNames(names))) return false;
  const { owners } = value;
  if (owners === undefined) return true;
  return isObject(owners) && [owners.users, owners.groups].every((names) => isNames(names, true));
}

function isDigests(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).every(
    ([path, digest]) =>
      isSafePath(path) &&
      (digest === null ||
        digest === NO_FILE ||
        (typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest))),
  );
}

function isOwn(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).every(([path, delta]) => {
    if (!isSafePath(path) || !isObject(delta) || !isNameList(delta.set) || !isNameList(delta.gone))
      return false;
    return areChanges(delta.lists, 'add') && areChanges(delta.fields, 'set');
  });
}

/** Changes within records, by key. */
function areChanges(value: unknown, made: 'add' | 'set'): boolean {
  if (value === undefined) return true;
  if (!isObject(value)) return false;
  return Object.values(value).every((one) => isObject(one) && isNameList(one[made]) && isNameList(one.gone));
}

function isNameList(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((name) => typeof name === 'string'));
}

/** Names by numbers; `unknown`: whether a number may have none. */
function isNames(value: unknown, unknown = false): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).every(
    ([id, name]) => /^\d{1,10}$/.test(id) && (typeof name === 'string' || (unknown && name === null)),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
