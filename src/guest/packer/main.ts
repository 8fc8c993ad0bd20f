/**
 * Writes records to standard output, as newc: `pack.js PLAN`, where PLAN is the JSON of a {@link FramePlan}. A program of
 * its own, so that several can feed their zstd side by side.
 */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { PlannedRecord } from '../../core/archive-plan.js';
import { archiveName, newcHead, newcHeadText, newcPadding } from '../../core/cpio.js';
import { encodeName } from '../../core/path.js';
import { CHANGED, type FramePlan } from './plan.js';

/** Bytes read at once. */
const PIECE = 2 ** 18;
const buffer = new ArrayBuffer(PIECE);
const zeros = new ArrayBuffer(PIECE);
const plan = JSON.parse(std.loadFile(scriptArgs[1] as string) ?? '') as FramePlan;
/** Files that were not as planned. */
const changed: string[] = [];
/** Bytes of the records so far. */
let at = 0;

for (const record of plan.records) {
  head(record);
  if (record.data === 'file') copy(record.path, record.size);
  else if (record.data !== 'none') put(encodeName(record.data.target));
  pad(newcPadding(record.size));
}
std.out.flush();
for (const path of changed) std.err.puts(`${path}\n`);
std.exit(changed.length > 0 ? CHANGED : 0);

function head(record: PlannedRecord): void {
  const name = archiveName(record.path);
  const text = newcHeadText(record, name);
  const whole = text !== undefined && at >= plan.from && at + text.length <= plan.to;
  if (whole) {
    std.out.puts(text);
    at += text.length;
  } else put(newcHead(record, name));
}

function pad(length: number): void {
  if (length > 0) put(new Uint8Array(zeros, 0, length));
}

/** Bytes of the records, so far as they are in this frame. */
function put(bytes: Uint8Array): void {
  const [from, to] = inFrame(bytes.length);
  if (from < to) std.out.write(bytes.buffer, bytes.byteOffset + from, to - from);
  at += bytes.length;
}

/** Of so many bytes that come next, those in the frame. */
function inFrame(length: number): [from: number, to: number] {
  return [Math.max(0, plan.from - at), Math.min(length, plan.to - at)];
}

/** Exactly so many bytes, whatever became of the file. */
function copy(path: string, size: number): void {
  const [from, to] = inFrame(size);
  at += size;
  // A file without content is opened as well: it may have got some.
  if (to < from || (from === to && size > 0)) return;
  const fd = os.open(plan.aliases[path] ?? `${plan.root}/${path}`, os.O_RDONLY);
  if (fd >= 0 && from > 0) os.seek(fd, from, std.SEEK_SET);
  let left = to - from;
  while (left > 0) {
    const count = fd < 0 ? -1 : os.read(fd, buffer, 0, Math.min(left, PIECE));
    if (count <= 0) break;
    std.out.write(buffer, 0, count);
    left -= count;
  }
  const longer = to === size && fd >= 0 && os.read(fd, buffer, 0, 1) > 0;
  if (left > 0 || longer || fd < 0) changed.push(path);
  if (fd >= 0) os.close(fd);
  for (; left > 0; left -= PIECE) std.out.write(zeros, 0, Math.min(left, PIECE));
}
