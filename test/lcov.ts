/**
 * What an lcov file (geninfo(1)) says of modules, and sums of it. Pure. Lines are those of the compiled module, one a file of src: without
 * types, which nothing runs. Source maps would change what stacks show, which tests are about.
 */

export interface Coverage {
  /** The compiled file, `dist/src/...`. */
  readonly path: string;
  readonly lines: number;
  readonly linesRun: number;
  readonly branches: number;
  readonly branchesRun: number;
}

/** A compiled module: one that no test loads is not in the lcov file, and none of its lines ran. */
export interface Module {
  readonly path: string;
  readonly lines: number;
}

/** The coverage of each module; what else the file names (tests, bundles, packages) is left out. */
export function readLcov(text: string, modules: readonly Module[]): Coverage[] {
  const records = new Map(
    text.split('end_of_record\n').map((record) => [/^SF:(.*)$/m.exec(record)?.[1] ?? '', record]),
  );
  return modules.map(({ path, lines }) => {
    const record = records.get(path);
    if (record === undefined) return { path, lines, linesRun: 0, branches: 0, branchesRun: 0 };
    const count = (key: string): number => Number(new RegExp(`^${key}:(\\d+)$`, 'm').exec(record)?.[1] ?? 0);
    const [all, run] = [count('LF'), count('LH')];
    return { path, lines: all, linesRun: run, branches: count('BRF'), branchesRun: count('BRH') };
  });
}

/** Files by the folder of `src` that holds them, those below `core`, `guest` and `host` one by one, in order. */
export function byFolder(files: readonly Coverage[]): Map<string, Coverage[]> {
  const folders = new Map<string, Coverage[]>();
  for (const file of files) {
    const folder = file.path.split('/').slice(1, -1).slice(0, 3).join('/');
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return new Map([...folders].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One line for a person: percent of lines and branches. */
export function coverageLine(name: string, files: readonly Coverage[]): string {
  const sum = (key: 'lines' | 'linesRun' | 'branches' | 'branchesRun'): number =>
    files.reduce((total, file) => total + file[key], 0);
  const lines = percent(sum('linesRun'), sum('lines'));
  const branches = percent(sum('branchesRun'), sum('branches'));
  return `${name.padEnd(24)}${lines} of ${String(sum('lines')).padStart(5)} lines, ${branches} of branches`;
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(1).padStart(6)} %`;
}
