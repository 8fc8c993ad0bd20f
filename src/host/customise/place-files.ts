/**
 * Puts a definition's files into the tree, in the order of their names, so that a folder comes before its
 * content.
 */

import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProblemCode } from '../../core/problems/codes.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { isBelow } from '../../core/text/path.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import type { TreeFiles, TreeOwner } from '../sys/tree-files.js';
import { type Ids, ownerIn, readIds } from './ids.js';
import type { Tree } from './tree.js';

type Placed = MachineConfig['files'][string];
type Values = Readonly<Record<string, string | number | boolean>>;

/** Puts them into the tree. */
export function placeFiles({ root, files }: Tree, machine: MachineConfig): Result<void> {
  const ids = readIds(root);
  for (const path of Object.keys(machine.files).sort()) {
    const problem = new Placing(files, ids, path).place(machine.files[path] as Placed);
    if (problem !== undefined) return err(problem);
  }
  return ok();
}

/**
 * Whether the definition itself puts something at a path, as `etc/passwd`: as a file, link or folder, or in a
 * folder that is copied. What it removes does not count.
 */
export function placedBy(files: MachineConfig['files']): (path: string) => boolean {
  const copied = (from: string, inner: string): boolean =>
    lstatSync(join(from, inner), { throwIfNoEntry: false }) !== undefined;
  return (path) => {
    const full = `/${path}`;
    const file = files[full];
    if (file !== undefined) return typeof file === 'string' || !('remove' in file);
    return Object.entries(files).some(
      ([at, one]) =>
        typeof one === 'object' &&
        'from' in one &&
        isBelow(full, at) &&
        copied(one.from, full.slice(at.length)),
    );
  };
}

class Placing {
  constructor(
    private readonly files: TreeFiles,
    private readonly ids: Ids,
    private readonly path: string,
  ) {}

  place(file: Placed): Problem | undefined {
    if (typeof file === 'string') this.files.write(this.path, file);
    else if ('link' in file) this.files.link(file.link, this.path);
    else if ('remove' in file) this.files.remove(this.path);
    else return this.owned(file);
    return undefined;
  }

  private owned(file: Exclude<Placed, string | { link: string } | { remove: true }>): Problem | undefined {
    const owner = file.owner === undefined ? undefined : ownerIn(this.ids, file.owner);
    if (file.owner !== undefined && owner === undefined) {
      return this.problem(
        'no-such-owner',
        'the owner of a file does not exist',
        file.owner,
        'add the user or group, or the package that creates it',
      );
    }
    const mode = file.mode === undefined ? undefined : Number.parseInt(file.mode, 8);
    if ('url' in file) throw new Error(`${this.path} is placed before it was fetched`);
    if ('content' in file) this.files.write(this.path, file.content, mode, owner);
    else if ('folder' in file) this.files.makeFolder(this.path, mode, owner);
    else if (file.values !== undefined) return this.template(file.from, file.values, mode, owner);
    else return this.copy(file.from, this.path, mode, owner);
    return undefined;
  }

  /**
   * Copies a file, or a folder with everything in it. `mode` is for files; folders keep their own, and
   * existing ones stay as they are.
   */
  private copy(
    from: string,
    to: string,
    mode: number | undefined,
    owner: TreeOwner | undefined,
  ): Problem | undefined {
    const info = to === this.path ? statSync(from) : lstatSync(from);
    // A link that the definition names is followed; what is below it is copied as it is.
    if (info.isSymbolicLink()) this.files.link(readlinkSync(from), to, owner);
    else if (info.isDirectory()) {
      this.files.makeFolder(to, info.mode & 0o7777, owner ?? { uid: 0, gid: 0 }, 'new');
      for (const name of readdirSync(from).sort()) {
        const problem = this.copy(join(from, name), join(to, name), mode, owner);
        if (problem !== undefined) return problem;
      }
    } else if (info.isFile()) this.files.copy(from, to, mode ?? info.mode & 0o7777, owner);
    else
      return this.problem('source-unsupported', 'not a regular file, folder or symlink', from, 'remove it');
    return undefined;
  }

  private template(
    from: string,
    values: Values,
    mode: number | undefined,
    owner: TreeOwner | undefined,
  ): Problem | undefined {
    const text = readFileSync(from, 'utf8');
    const unknown = [...text.matchAll(NAME)]
      .map(([, name]) => name as string)
      .find((name) => !Object.hasOwn(values, name));
    if (unknown !== undefined) {
      return this.problem(
        'template-value-missing',
        'a template uses a value that is not set',
        `${from}: {{${unknown}}}`,
        `set it: values: { ${unknown}: ... }`,
      );
    }
    this.files.write(this.path, fill(text, values), mode ?? statSync(from).mode & 0o777, owner);
    return undefined;
  }

  private problem(code: ProblemCode, what: string, named: string, next: string): Problem {
    const field = ['files', this.path];
    return { kind: 'usage', code, what, where: `${nameOf(field)}: ${named}`, field, next };
  }
}

const NAME = /\{\{\s*([A-Za-z_]\w*)\s*\}\}/g;

/** A template with its values filled in. */
function fill(text: string, values: Values): string {
  return text.replace(NAME, (_, name: string) => String(values[name]));
}
