/** How long tests took: the slowest of them, and all by their kind. Pure. */

export interface TestTime {
  readonly name: string;
  /** The compiled file. */
  readonly file: string;
  readonly milliseconds: number;
  /** Why it was skipped, or that it was. */
  readonly skip?: string | boolean | undefined;
}

const SLOWEST = 10;

/** The kind of a test: the folder of `test/` that holds its file. */
export function kindOf(file: string): string {
  const [, path = file] = /\bdist\/test\/(.*)$/.exec(file) ?? [];
  return path.split('/')[0] ?? '';
}

/** The times of one run. */
export class Times {
  readonly #tests: TestTime[] = [];

  add(test: TestTime): void {
    this.#tests.push(test);
  }

  /** The table, with an empty line around it. */
  lines(): string[] {
    return ['', 'slowest:', ...this.#slowest(), '', 'by kind:', ...this.#kinds(), ...this.#skipped(), '', ''];
  }

  /** Every file with its seconds, the slowest first, for a file to read at leisure. */
  files(): string[] {
    const files = new Map<string, number>();
    for (const { file, milliseconds } of this.#tests) {
      const path = file.replace(/^.*\bdist\/test\//, '');
      files.set(path, (files.get(path) ?? 0) + milliseconds);
    }
    return [...files].sort(([, a], [, b]) => b - a).map(([path, time]) => `${seconds(time)}  ${path}`);
  }

  #slowest(): string[] {
    const sorted = [...this.#tests].sort((a, b) => b.milliseconds - a.milliseconds);
    return sorted.slice(0, SLOWEST).map(({ milliseconds, file, name }) => {
      const where = file.replace(/^.*\bdist\/test\//, '').replace(/\.test\.js$/, '');
      return `${seconds(milliseconds)}  ${where}: ${name.length > 70 ? `${name.slice(0, 69)}…` : name}`;
    });
  }

  #kinds(): string[] {
    const kinds = new Map<string, { count: number; milliseconds: number }>();
    for (const { file, milliseconds } of this.#tests) {
      const kind = kinds.get(kindOf(file)) ?? { count: 0, milliseconds: 0 };
      kinds.set(kindOf(file), { count: kind.count + 1, milliseconds: kind.milliseconds + milliseconds });
    }
    return [...kinds].sort().map(([kind, { count, milliseconds }]) => {
      return `${seconds(milliseconds)}  ${kind}: ${count} test${count === 1 ? '' : 's'}`;
    });
  }

  #skipped(): string[] {
    const skipped = this.#tests.filter(({ skip }) => skip !== undefined && skip !== false);
    if (skipped.length === 0) return [];
    const lines = skipped.map(
      ({ name, skip }) => `  ${name}: ${skip === true || skip === '' ? 'no reason given' : skip}`,
    );
    return ['', 'skipped:', ...lines];
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(8)} s`;
}
