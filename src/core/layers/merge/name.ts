/** The name of a merged layer: directly above the highest of those it is made of. */
import type { ImageFormat } from '../../contract.js';
import { layerFileName } from '../../set/layer-names.js';
import { compareNames } from '../../text/path.js';

const FORMATS: readonly ImageFormat[] = ['cpio', 'erofs'];
/** Tries of names that differ in a number. */
const MOST_TRIES = 100;

/**
 * The name with this label that sorts after the file `highest`, of the layer `name`, and before all others
 * that do, as a file of either format: while the old ones are there as well, it covers them, and what is
 * above covers it. `undefined` if there is no such name.
 */
export function mergedName(
  files: readonly string[],
  { name, file: highest }: { readonly name: string; readonly file: string },
  label: string,
): string | undefined {
  const above = files.filter((file) => file.startsWith('persistence.') && compareNames(file, highest) > 0);
  const fits = (candidate: string): boolean =>
    FORMATS.every((format) => {
      const file = layerFileName(candidate, format);
      return compareNames(file, highest) > 0 && above.every((other) => compareNames(file, other) < 0);
    });
  const stamp = /^\d{8}_\d{6}/.exec(name)?.[0] ?? name;
  const numbered = [...Array(MOST_TRIES).keys()].map((i) => `${stamp}_${label}_${i + 2}`);
  return [
    `${stamp}_${label}`,
    ...numbered,
    `${name}_${label}`,
    ...numbered.map((_, i) => `${name}_${label}_${i + 2}`),
    // Before any name that the highest one begins and an underscore continues.
    ...[`${name}.${label}`, `${name}.z-${label}`],
  ].find(fits);
}
