/**
 * How a save comes to hold one moment: which attempts have programs stand still, what is copied then, and
 * what becomes of files that change all the same.
 */
import { isViewed, type TreeEntry } from '../../../core/archive/tree.js';
import type { Candidate } from '../../../core/moment/copies.js';
import { writersOf } from '../../../core/moment/open-files.js';
import type { Change } from '../../../core/overlay/changes.js';
import { type Groups, withGroups } from '../../../core/overlay/groups.js';
import { TICK } from '../../../core/overlay/snapshot.js';
import { databaseOf } from '../../../core/records/databases.js';
import { INFO } from '../../../core/records/packages.js';
import type { Problem } from '../../../core/result.js';
import { parentOf } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { type Moment, openNow, release, takeMoment } from './moment.js';
import type { Scan } from './scan.js';
import type { Unsettled } from './unsettled.js';
import { alwaysReplaced } from './unsettled.js';

export interface SettleOptions {
  /** Most seconds that programs stand still; 0: never. */
  readonly mostStill: number;
  /** What becomes of files that could not be taken as they were at one moment. */
  readonly unsettled: 'leave-out' | 'warn';
}

/** Number of attempts if files change while they are read. */
const ATTEMPTS = 3;
/** As many again with files left out. */
const MOST = 2 * ATTEMPTS;
/** Seconds before a look within which a file has changed that is likely to change again. */
const RECENT = 600;

export class Settling {
  /** Number of the attempt that is under way. */
  attempt = 0;
  /** Seconds that programs stood still, in all attempts. */
  private stoodStill = 0;
  /** Sizes of the copies of this attempt, by path. */
  copies: ReadonlyMap<string, number> = new Map();
  /** Files that are left out, with the reason. */
  readonly leftOut = new Map<string, string>();
  /** Files that have changed during earlier attempts. */
  private readonly restless = new Set<string>();
  /** Files for which another attempt is of no use, with the reason. */
  private readonly hopeless = new Map<string, string>();
  /** Files that a program writes which cannot be stopped, with the reason. */
  private readonly unstopped = new Map<string, string>();
  /** Why no program can be made to stand still, or why the last attempt to do so failed. */
  private impossible: string | undefined;
  private moving: string | undefined;

  constructor(
    private readonly machine: RunningSystem,
    private readonly options: SettleOptions,
  ) {
    if (options.mostStill === 0) this.impossible = 'programs were not to stand still (the limit is 0)';
  }

  next(): void {
    this.attempt++;
    this.copies = new Map();
  }

  /** What of these can be saved. */
  without(changes: readonly Change[]): Change[] {
    return changes.filter(({ path }) => !this.leftOut.has(path));
  }

  /** Has programs stand still, if anything of the choice makes that necessary. */
  moment(
    { scan, groups }: { readonly scan: Scan; readonly groups: Groups },
    chosen: readonly Change[],
  ): Moment | undefined {
    if (this.impossible !== undefined) return undefined;
    const files = candidatesOf(scan, chosen);
    const writers = writersOf(openNow(this.machine), files);
    const unsure = [...this.restless, ...writers.keys(), ...files.filter(isMapped(scan)).map(pathOf)];
    const must = new Set(unsure.filter((path) => !this.hopeless.has(path)));
    if (must.size === 0 && !isMoving(scan, chosen)) return undefined;
    const moment = takeMoment(this.machine, {
      ...this.wanted(scan, files, withCompanions(must, chosen, groups)),
      ...{ limit: this.options.mostStill, since: scan.seen - TICK },
    });
    if ('state' in moment) {
      if (moment.state === 'impossible') this.impossible = moment.why;
      else if (moment.state === 'large') this.tooLarge(must);
      else this.moving = moment.why;
      return undefined;
    }
    this.stoodStill += moment.seconds;
    this.tooLarge(moment.left);
    return moment;
  }

  private tooLarge(paths: Iterable<string>): void {
    const why = `it is too large to be copied within ${this.options.mostStill} s`;
    for (const path of paths) this.hopeless.set(path, why);
  }

  private wanted(scan: Scan, files: readonly TreeEntry[], must: ReadonlySet<string>) {
    const isWanted = ({ path }: TreeEntry): boolean => must.has(path);
    const isRecent = ({ changed }: TreeEntry): boolean =>
      this.attempt > 1 || Number(changed) > scan.seen - RECENT;
    const others = files.filter((one) => !isWanted(one) && isRecent(one));
    return {
      must: files.filter(isWanted).map(candidate),
      may: others.sort((a, b) => Number(b.changed) - Number(a.changed)).map(candidate),
    };
  }

  /**
   * Notes what was found at the moment. Returns files that could change unnoticed and were not copied:
   * another attempt is needed for them.
   */
  found(scan: Scan, chosen: readonly Change[], moment: Moment | undefined): string[] {
    const files = candidatesOf(scan, chosen);
    if (moment !== undefined) {
      this.copies = new Map(
        files.flatMap(({ path, size }) => (moment.copies.get(path) === size ? [[path, size] as const] : [])),
      );
      const free = new Set(moment.free);
      for (const [path, pids] of writersOf(moment.open, files)) {
        const pid = pids.find((one) => free.has(one));
        if (pid !== undefined) this.unstopped.set(path, `process ${pid}, which writes it, cannot be stopped`);
      }
    }
    const mapped = files.filter((one) => isMapped(scan)(one) && !this.copies.has(one.path)).map(pathOf);
    // Their times show no change: waiting for a quiet moment is of no use.
    if (this.impossible !== undefined) for (const path of mapped) this.hopeless.set(path, this.impossible);
    const written = [...this.unstopped.keys()].filter((path) => this.copies.has(path));
    return [...mapped, ...written].filter((path) => !this.isTolerated(path));
  }

  private isHopeless(path: string): boolean {
    return this.hopeless.has(path) || this.unstopped.has(path);
  }

  /** Whether a file may be saved as it was read, although it changed meanwhile. */
  isTolerated(path: string): boolean {
    if (this.options.unsettled === 'leave-out') return false;
    return this.impossible !== undefined || this.isHopeless(path) || this.attempt >= ATTEMPTS;
  }

  /** Files changed or were replaced while they were read. A problem if another attempt is of no use. */
  failed(paths: readonly string[], all: readonly Change[], groups: Groups): Problem | undefined {
    const last = this.attempt >= ATTEMPTS;
    if (this.attempt >= MOST || (last && paths.some(isShared))) return alwaysReplaced(paths);
    const given = paths.filter((path) => last || this.isHopeless(path));
    for (const path of paths) this.restless.add(path);
    // Of a group, a part is of no use.
    const others: Groups = this.options.unsettled === 'leave-out' ? groups : new Map();
    for (const { path } of withGroups(all, others, (one) => given.includes(one))) {
      this.leftOut.set(path, given.includes(path) ? this.why(path) : 'it is of no use without another');
    }
    return undefined;
  }

  /** How long programs stood still, in hundredths of a second, and what became of files that change. */
  result(
    scan: Scan,
    chosen: readonly Change[],
    changed: readonly string[] = [],
  ): { readonly unsettled: readonly Unsettled[]; readonly stoodStill: number } {
    const stoodStill = Math.ceil(this.stoodStill * 100) / 100;
    return { unsettled: this.unsettled(scan, chosen, changed), stoodStill };
  }

  /** Files that are not as they were at one moment. `changed`: those that changed while they were read. */
  private unsettled(scan: Scan, chosen: readonly Change[], changed: readonly string[]): Unsettled[] {
    const mapped = candidatesOf(scan, chosen).filter(
      (one) => isMapped(scan)(one) && !this.copies.has(one.path),
    );
    const unstopped = [...this.unstopped.keys()].filter((path) => this.copies.has(path));
    const saved = new Set([...changed, ...mapped.map(pathOf), ...unstopped]);
    return [
      ...[...this.leftOut].map(([path, why]) => ({ path, why, leftOut: true })),
      ...[...saved].map((path) => ({ path, why: this.why(path), leftOut: false })),
    ].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  private why(path: string): string {
    return (
      this.hopeless.get(path) ??
      this.unstopped.get(path) ??
      this.impossible ??
      this.moving ??
      'it changed each time it was read'
    );
  }

  release(): void {
    release(this.machine);
  }
}

/** The chosen files whose content lies in the upper directory, and can be copied. */
function candidatesOf({ upper }: Scan, chosen: readonly Change[]): TreeEntry[] {
  return chosen.flatMap(({ path, entry }) => {
    const isFile = entry?.type === 'f' && !isViewed(entry) && !upper.inPlace.has(path);
    return isFile && !isShared(path) ? [entry] : [];
  });
}

/** With the files that accompany a database: the rest of larger groups rarely changes. */
function withCompanions(must: ReadonlySet<string>, chosen: readonly Change[], groups: Groups): Set<string> {
  const beside = new Map([...groups].filter(([, { isFolder }]) => !isFolder));
  return new Set(withGroups(chosen, beside, (path) => must.has(path)).map(pathOf));
}

/** Whether a file's content is read by other means as well: all must read the same. */
function isShared(path: string): boolean {
  return databaseOf(path) !== undefined || path.startsWith(`${INFO}/`);
}

/** Whether what was chosen, or a folder that it is in, changed after the look had begun. */
function isMoving({ upper, seen }: Scan, chosen: readonly Change[]): boolean {
  const folders = new Set(chosen.map(({ path }) => parentOf(path)));
  const isLate = ({ changed }: TreeEntry): boolean => Number(changed) >= seen - TICK;
  return (
    chosen.some(({ entry }) => entry !== undefined && isLate(entry)) ||
    upper.entries.some((entry) => entry.type === 'd' && folders.has(entry.path) && isLate(entry))
  );
}

function isMapped({ mapped }: Scan): (entry: TreeEntry) => boolean {
  return ({ ino }) => mapped.has(ino);
}

function pathOf({ path }: { readonly path: string }): string {
  return path;
}

function candidate({ path, size, allocated }: TreeEntry): Candidate {
  return { path, bytes: Math.min(size, allocated) };
}
