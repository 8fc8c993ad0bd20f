/** Origins of values, in words. */
import { nameOf } from './issues.js';
import { shown } from './load.js';
import { lineOf } from './locate.js';
import type { Origin } from './merge.js';

/** The origin of a value: a file with its line, a preset, a package, an option, or `default`. */
export function whereOf(origin: Origin | undefined): string {
  switch (origin?.by) {
    case 'preset':
      return `preset ${origin.name}`;
    case 'package':
      return `because of ${origin.name}`;
    case 'option':
      return origin.text;
    case 'file': {
      const { place, path } = origin;
      const name = path.length === 0 ? '' : ` (${nameOf(path)})`;
      return place.file === '' ? `the definition${name}` : `${shown(place.file)}:${lineOf(place, path)}`;
    }
    default:
      return 'default';
  }
}
