/**
 * Writes the records of one segment to standard output, as newc: `pack.js PLAN`, where PLAN is the JSON of a
 * {@link SegmentPlan}. A program of its own, so that several can feed their zstd side by side.
 */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import { archiveName, newcHead, newcPadding } from '../../core/cpio.js';
import { encodeName } from '../../core/path.js';
import { CHANGED, type SegmentPlan } from './plan.js';

/** Bytes read at once. */
const PIECE = 2 ** 18;
const buffer = new ArrayBuffer(PIECE);
const zeros = new ArrayBuffer(PIECE);
const plan = JSON.parse(std.loadFile(scriptArgs[1] as string) ?? '') as SegmentPlan;
/** Files that were not as planned. */
const changed: string[] = [];

for (const record of plan.records) {
  put(newcHead(record, archiveName(record.path)));
  if (record.data === 'file') copy(record.path, record.size);
  else if (record.data !== 'none') put(encodeName(record.data.target));
  const padding = newcPadding(record.size);
  if (padding > 0) std.out.write(zeros, 0, padding);
}
std.out.flush();
for (const path of changed) std.err.puts(`${path}\n`);
std.exit(changed.length > 0 ? CHANGED : 0);

function put(bytes: Uint8Array): void {
  std.out.write(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Exactly so many bytes, whatever became of the file. */
function copy(path: string, size: number): void {
  const fd = os.open(plan.aliases[path] ?? `${plan.root}/${path}`, os.O_RDONLY);
  let left = size;
  while (left > 0) {
    const count = fd < 0 ? -1 : os.read(fd, buffer, 0, Math.min(left, PIECE));
    if (count <= 0) break;
    std.out.write(buffer, 0, count);
    left -= count;
  }
  const more = fd < 0 ? 0 : os.read(fd, buffer, 0, 1);
  if (fd >= 0) os.close(fd);
  if (left > 0 || more > 0) changed.push(path);
  for (; left > 0; left -= PIECE) std.out.write(zeros, 0, Math.min(left, PIECE));
}
