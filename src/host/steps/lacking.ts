/** What a build without a network lacks: collected from all of its parts, reported at once. */
import { err, type Problem, type Result } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';
import { formatMoment } from '../../core/text/time.js';
import type { MissingFiles } from '../tools/offline-method.js';
import type { Release } from '../tools/release-file.js';

/** How many packages of one part are named. */
const NAMED = 40;

/** Everything that is missing. */
export class Lacking {
  /** Lists that are no longer valid, as lines. */
  readonly expired = new Set<string>();
  private readonly lists = new Set<string>();
  private readonly packages = new Map<string, readonly string[]>();
  private readonly others: string[] = [];
  /** Parts whose packages cannot be known without lists. */
  private readonly unknown = new Set<string>();

  /** What apt did not find for a part of the build. */
  add(part: string, { lists, packages }: MissingFiles): void {
    for (const list of lists) this.lists.add(list);
    if (lists.length > 0) this.unknown.add(part);
    if (packages.length > 0) this.packages.set(part, packages);
  }

  /** Anything else, as a line. */
  addOther(line: string): void {
    this.others.push(withoutLogins(line));
  }

  /** Packages that only a missing file would name. */
  addUnknown(part: string): void {
    this.unknown.add(part);
  }

  get isEmpty(): boolean {
    return this.lists.size + this.packages.size + this.others.length + this.unknown.size === 0;
  }

  problem(cache: string): Problem {
    const named = [...this.packages].map(([part, all]) => {
      const more = all.length > NAMED ? `, and ${all.length - NAMED} more` : '';
      return `packages (${part}): ${all.slice(0, NAMED).join(', ')}${more}`;
    });
    const lines = [
      ...[...this.lists].map((list) => `lists: ${withoutLogins(list)}`),
      ...named,
      ...(this.unknown.size === 0
        ? []
        : [`packages that cannot be known without these: those of ${[...this.unknown].join(', ')}`]),
      ...this.others,
    ];
    return {
      code: 'not-kept',
      what: 'not everything that an offline build needs is in the cache',
      where: cache,
      why: lines.join('\n'),
      next: 'build once with a network, without --offline, with this cache (--cache)',
    };
  }

  result(cache: string): Result<never> {
    return err(this.problem(cache));
  }
}

/** Lists that are no longer valid, as lines: an offline build uses them nevertheless. */
export function expiredLists(releases: readonly Release[], now: number): string[] {
  return releases.flatMap(({ suite, date, validUntil }) => {
    if (validUntil === undefined || validUntil >= now) return [];
    const made = date === undefined ? '' : ` of ${formatMoment(new Date(date).toISOString())}`;
    return [
      `the kept lists of ${suite}${made} expired on ${formatMoment(new Date(validUntil).toISOString())}`,
    ];
  });
}
