/** The blame of a path for people. */
import { showPath } from '../overlay/change-list.js';
import { err, ok, type Result } from '../result.js';
import { quoteName } from '../text/path.js';
import type { Blame, Cut, Verdict } from './blame.js';
import { entryColumns, TYPE_NAMES } from './entry-text.js';
import { tableLines } from './table.js';

/** The blame, or the problem that no image mentions the path. */
export function knownBlame(found: Blame): Result<Blame> {
  if (found.verdicts.length > 0) return ok(found);
  return err({
    code: 'path-in-no-image',
    what: 'no image contains this path',
    where: showPath(found.path),
    why: 'neither the base nor a layer mentions it',
    next: 'give the absolute path, as spelled in the image; changes since boot are not in any image yet',
  });
}

/**
 * The images that mention the path, the highest first, `*` before the one that decides; then the conclusion.
 */
export function blameLines(found: Blame): string[] {
  const { path, present, verdicts } = found;
  const rows = verdicts.map((verdict) => [
    verdict.decides ? '*' : ' ',
    quoteName(verdict.image),
    ...(verdict.entry === undefined ? ['', '', '', ''] : entryColumns(verdict.entry)),
    remark(path, verdict),
  ]);
  const decider = verdicts.find(({ decides }) => decides);
  const content = contentOf(verdicts);
  return [...tableLines(rows, [4]), conclusion(path, present, decider) + content];
}

/** Where the content is from, if not from the image that determines the result. */
function contentOf(verdicts: readonly Verdict[]): string {
  const decider = verdicts.find(({ decides }) => decides);
  if (decider?.entry?.metadataOnly !== true) return '';
  const content = verdicts.find(
    ({ entry, disabled }) => !disabled && entry?.type === 'f' && entry.metadataOnly !== true,
  );
  return content === undefined ? '' : `, its content from ${quoteName(content.image)}`;
}

function remark(path: string, { entry, cut, hidden, disabled }: Verdict): string {
  const only = entry?.metadataOnly === true ? ['metadata only'] : [];
  const own = entry === undefined && cut !== undefined ? [cutText(path, cut)] : [];
  // A file at the path hides what is below it anyway.
  const opaque = entry !== undefined && cut?.by === 'opaque' ? [cutText(path, cut)] : [];
  const hides =
    hidden === undefined ? [] : [`hidden by ${quoteName(hidden.image)}: ${cutText(path, hidden)}`];
  return [...only, ...own, ...opaque, ...hides, ...(disabled ? ['disabled'] : [])].join(', ');
}

/** How an image hides the path in the images below it. */
function cutText(path: string, { at, by, target }: Cut): string {
  const where = at === path ? 'it' : showPath(at);
  if (by === 'deletion') return `deletes ${where}`;
  if (by === 'opaque') return `hides everything below it in ${at === path ? 'this folder' : where}`;
  const what = TYPE_NAMES[by] + (target === undefined ? '' : ` to ${quoteName(target)}`);
  return `has a ${what} ${at === path ? 'there' : `at ${where}`}`;
}

function conclusion(path: string, present: boolean, decider: Verdict | undefined): string {
  const shown = showPath(path);
  if (decider === undefined) return `${shown} does not exist: only disabled layers mention it`;
  const image = quoteName(decider.image);
  if (present) return `${shown} comes from ${image}`;
  const how = decider.cut === undefined ? '' : ` ${cutText(path, decider.cut)}`;
  return `${shown} does not exist: ${image}${how}`;
}
