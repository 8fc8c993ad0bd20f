/** Merges the fields to a definition's parts, and remembers the origin to each value. Pure. */
import { isReplacement, type SourcePlace } from './define.js';

export type Path = readonly (string | number)[];

/** Where a value came from. */
export type Origin =
  | { readonly by: 'preset'; readonly name: string }
  /** Added because of a package of the machine. */
  | { readonly by: 'package'; readonly name: string }
  /** A file: `path` leads from the argument of the call to the value. */
  | { readonly by: 'file'; readonly place: SourcePlace; readonly path: Path }
  | { readonly by: 'option'; readonly text: string };

/** The fields of one origin. */
export interface Contribution {
  readonly origin: Origin;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The merged fields. */
export class Merged {
  private readonly origins = new Map<string, Origin>();
  fields: Record<string, unknown> = {};

  /** An independent copy. */
  copy(): Merged {
    const copy = new Merged();
    copy.fields = this.fields;
    for (const [key, origin] of this.origins) copy.origins.set(key, origin);
    return copy;
  }

  /** Merge further fields: objects are merged, lists joined without duplicates, all else is overridden. */
  add({ origin, fields }: Contribution): void {
    for (const [key, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      this.fields = { ...this.fields, [key]: this.join(this.fields[key], value, [key], below(origin, key)) };
    }
  }

  private join(before: unknown, value: unknown, path: Path, origin: Origin): unknown {
    if (isReplacement(value)) return this.join(undefined, value.value, path, origin);
    if (Array.isArray(value)) return this.joinLists(Array.isArray(before) ? before : [], value, path, origin);
    if (!isFields(value)) {
      this.origins.set(keyOf(path), origin);
      return value;
    }
    const merges = isFields(before) && !isOther(before, value, path);
    const joined: Record<string, unknown> = merges ? { ...before } : {};
    if (!merges || Object.keys(value).length === 0) this.origins.set(keyOf(path), origin);
    for (const [key, own] of Object.entries(value)) {
      if (own === undefined) continue;
      // A plain assignment to __proto__ would do something else.
      Object.defineProperty(joined, key, {
        value: this.join(joined[key], own, [...path, key], below(origin, key)),
        ...{ enumerable: true, writable: true, configurable: true },
      });
    }
    return joined;
  }

  private joinLists(before: unknown[], value: unknown[], path: Path, origin: Origin): unknown[] {
    const joined = [...before];
    if (before.length === 0) this.origins.set(keyOf(path), origin);
    value.forEach((item, i) => {
      if (joined.includes(item)) return;
      this.origins.set(keyOf([...path, joined.length]), below(origin, i));
      joined.push(item);
    });
    return joined;
  }

  /** The origin of the value at a path, or of the nearest value around it. */
  originOf(path: Path): Origin | undefined {
    for (let length = path.length; length > 0; length--) {
      const found = this.origins.get(keyOf(path.slice(0, length)));
      if (found === undefined) continue;
      const rest = path.slice(length);
      return found.by === 'file' ? { ...found, path: [...found.path, ...rest] } : found;
    }
    return undefined;
  }
}

/** Keys that exclude each other: the one that is present determines the kind of the value. */
const KINDS: readonly { readonly at: (path: Path) => boolean; readonly keys: readonly string[] }[] = [
  {
    at: ([first, , ...rest]) => first === 'files' && rest.length === 0,
    keys: ['content', 'from', 'link', 'folder', 'remove'],
  },
  { at: ([first, , third]) => first === 'users' && third === 'password', keys: ['hash', 'hashFile'] },
];

/** Whether a value is of another kind than the one before it, and so replaces it. */
function isOther(before: Record<string, unknown>, value: Record<string, unknown>, path: Path): boolean {
  if (path.length === 1 && path[0] === 'kernel')
    return value.from !== undefined && value.from !== before.from;
  const kinds = KINDS.find(({ at }) => at(path));
  const said = kinds?.keys.filter((key) => key in value) ?? [];
  return said.length > 0 && !said.some((key) => key in before);
}

function below(origin: Origin, key: string | number): Origin {
  return origin.by === 'file' ? { ...origin, path: [...origin.path, key] } : origin;
}

export function keyOf(path: Path): string {
  return JSON.stringify(path);
}

/** Whether a value is an object of fields, not an instance of something. */
export function isFields(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}
