/** What apt and dpkg are doing, from the lines they print under `mmdebstrap --verbose`. Pure. */

/** A step that begins, how far one has come, or how much is downloaded. */
export type AptProgress =
  | { readonly type: 'phase'; readonly name: AptPhase }
  | { readonly type: 'progress'; readonly done: number; readonly total?: number; readonly item: string }
  | { readonly type: 'downloads'; readonly fetched: number; readonly reused: number };

/** In the order in which they come; of `installing` and `triggers` there may be several rounds. */
type AptPhase =
  | 'lists'
  | 'downloading'
  | 'unpacking'
  | 'installing'
  | 'triggers'
  | 'finishing'
  | 'packing the tree';

/**
 * Lines that mmdebstrap 1.3.5 to 1.5 prints between its steps, and the step that they begin (its functions
 * run_download, run_extract, run_essential, run_install, run_hooks and main).
 */
const MARKS: readonly [RegExp, AptPhase][] = [
  [/^(I: )?extracting archives\.\.\.$/, 'unpacking'],
  [/^(I: )?installing (essential packages|remaining packages inside the chroot)\.\.\.$/, 'installing'],
  [/^(I: )?running --(extract|customize)-hook /, 'finishing'],
  [/^(I: )?cleaning package lists and apt cache\.\.\.$/, 'finishing'],
  [/^(I: )?creating tarball\.\.\.$/, 'packing the tree'],
];

/**
 * Whether a line is for programs alone: apt's status of downloads (APT::Status-Fd, in apt's
 * README.progress-reporting).
 */
export function isAptStatus(line: string): boolean {
  return /^dlstatus:/.test(line);
}

/** Follows one bootstrap, line by line. */
export class AptLines {
  private phase: AptPhase = 'lists';
  /** Packages in all. */
  private packages: number | undefined;
  /** Files to download. */
  private files: number | undefined;
  private sized = false;
  /** What dpkg has unpacked and set up; each package comes in both. */
  private readonly unpacked = new Set<string>();
  private readonly configured = new Set<string>();

  /** What a line says, in order. */
  read(line: string): AptProgress[] {
    for (const [pattern, phase] of MARKS) if (pattern.test(line)) return this.enter(phase);
    switch (this.phase) {
      case 'lists':
        return this.ofLists(line);
      case 'downloading':
        return this.ofDownload(line);
      default:
        return this.ofDpkg(line);
    }
  }

  private enter(phase: AptPhase): AptProgress[] {
    if (phase === this.phase) return [];
    this.phase = phase;
    return [{ type: 'phase', name: phase }];
  }

  private ofLists(line: string): AptProgress[] {
    const count = /^\d+ upgraded, (\d+) newly installed, /.exec(line)?.[1];
    if (count !== undefined) {
      this.packages = Number(count);
      return this.enter('downloading');
    }
    const list = /^Get:(\d+) \S+ (\S+) (?:\S+ )?(?:\S+ )?(InRelease|Packages)\b/.exec(line);
    if (list === null) return [];
    return [{ type: 'progress', done: Number(list[1]), item: `${list[2]} ${list[3]}` }];
  }

  private ofDownload(line: string): AptProgress[] {
    const files = /^dlstatus:\d+:[\d.]+:Retrieving file \d+ of (\d+)/.exec(line)?.[1];
    if (files !== undefined) {
      this.files = Number(files);
      return [];
    }
    const need = /^Need to get ([\d.,]+ [kMGT]?B)(?:\/([\d.,]+ [kMGT]?B))? of archives/.exec(line);
    if (need !== null) {
      // mmdebstrap asks again for a part of them, which has arrived by then.
      if (this.sized) return [];
      this.sized = true;
      const fetched = bytesOf(need[1] ?? '');
      const all = need[2] === undefined ? fetched : bytesOf(need[2]);
      return [{ type: 'downloads', fetched, reused: Math.max(0, all - fetched) }];
    }
    const got = /^Get:(\d+) \S+ \S+ \S+ (\S+) \S+ /.exec(line);
    if (got === null) return [];
    return [this.progress(Number(got[1]), this.files, got[2] ?? '')];
  }

  private ofDpkg(line: string): AptProgress[] {
    const [, doing, name = ''] =
      /^(Unpacking|Setting up|Processing triggers for) ([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9]+)? \(/.exec(line) ??
      [];
    if (doing === undefined) return [];
    if (doing === 'Processing triggers for') {
      // Those between two rounds of installing are part of that.
      const all = this.packages !== undefined && this.configured.size >= this.packages;
      return all ? this.enter('triggers') : [];
    }
    (doing === 'Unpacking' ? this.unpacked : this.configured).add(name);
    // What a hook installs afterwards is not among the first count.
    const total = this.packages === undefined ? undefined : Math.max(this.packages, this.unpacked.size);
    const done = Math.floor((this.unpacked.size + this.configured.size) / 2);
    return [...this.enter('installing'), this.progress(done, total, name)];
  }

  private progress(done: number, total: number | undefined, item: string): AptProgress {
    return { type: 'progress', done, item, ...(total === undefined ? {} : { total: Math.max(total, done) }) };
  }
}

const POWERS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** A size as apt prints it: decimal units (SizeToStr in apt-pkg/contrib/strutl.cc). */
function bytesOf(text: string): number {
  const [number = '', unit = ''] = text.split(' ');
  return Math.round(Number(number.replaceAll(',', '')) * (POWERS[unit] ?? 1));
}
