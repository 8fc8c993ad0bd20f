/** The stage `sbom`: the list of packages beside the images, in SPDX. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import { packagesOf, parseTaken } from '../sbom/packages.js';
import { spdxText } from '../sbom/spdx.js';
import { whyFiles } from '../stages/decide.js';
import { LIST } from './bootstrap/engine.js';
import { KERNEL_TAKEN } from './bootstrap/kernel.js';
import type { Source } from './sources.js';
import { runStage, type Work } from './work.js';

/** Increased whenever the same inputs must give another list. */
const RECIPE = '1';

/** Its name among the records. */
export const SBOM = 'sbom';

/** The packages that are not in the tree's database, as recorded when they were fetched. */
interface Taken {
  readonly kernel: string;
  readonly early: string;
}

/** Makes the list of the tree at `root`, or keeps the existing one. */
export async function sbomStage(
  work: Work,
  { packages, tools }: { readonly packages: Source; readonly tools: Source },
  root: string,
): Promise<Result<void>> {
  const { settings, state, output } = work;
  const base = work.records.base ?? state.get('base');
  if (base === undefined) throw new Error('packages are listed before a base is made');
  const taken = takenFrom(work, packages, tools);
  const seconds = settings.sourceDateEpoch ?? Math.floor(Date.parse(base.at) / 1000);
  const inputs = {
    ...{ recipe: RECIPE, base: base.output.id ?? '', created: String(seconds) },
    ...{ kernel: taken.kernel, 'tools versions': taken.early, hostname: settings.machine.hostname },
  };
  const why = whyFiles(state, SBOM, inputs, output.path);
  if (why === undefined) return ok();
  const outcome = (count: number): string => `${count} packages in ${FILES.sbom}`;
  const made = await runStage(work, SBOM, why, outcome, async () => {
    const system = packagesOf(root);
    const kernel = parseTaken(taken.kernel);
    const early = parseTaken(taken.early).map(
      (one) => system.find(({ name, version }) => name === one.name && version === one.version) ?? one,
    );
    const { machine, version } = settings;
    const text = spdxText({
      ...{
        name: machine.hostname,
        id: base.output.id ?? '',
        suite: machine.suite,
        created: seconds,
        version,
      },
      ...{ system, kernel, early },
    });
    const file = join(output.scratch.path, FILES.sbom);
    writeFileSync(file, text);
    work.made.set(FILES.sbom, file);
    return ok(system.length);
  });
  if (!made.ok) return made;
  work.records[SBOM] = { inputs, at: new Date().toISOString(), output: { ...taken } };
  return ok();
}

/** From the cache, where a stage took something from it; else as the last build recorded it. */
function takenFrom({ state }: Work, packages: Source, tools: Source): Taken {
  const last = state.get(SBOM)?.output;
  const kernel = packages.kernel ?? packages.entry;
  const read = (entry: Source['entry'], name: string): string | undefined => {
    if (entry === undefined) return undefined;
    const file = join(entry.path, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  return {
    kernel: read(kernel, KERNEL_TAKEN) ?? last?.kernel ?? '',
    early: read(tools.entry, LIST) ?? last?.early ?? '',
  };
}
