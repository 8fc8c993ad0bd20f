/**
 * Writes records to standard output, as newc or pax: `pack.js PLAN`, where PLAN is the JSON of a {@link
 * FramePlan} or a {@link TarPlan}. A separate program, so that several can feed their zstd in parallel.
 */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import { archiveName, newcHead, newcHeadText, newcPadding } from '../../core/archive/cpio.js';
import { PAX_END_BYTES, paxHeader, paxPadding } from '../../core/archive/pax.js';
import { inodeNumber, isViewed } from '../../core/archive/tree.js';
import { inlineText, type PlannedRecord } from '../../core/image/archive-plan.js';
import type { TarRecord } from '../../core/image/tar-plan.js';
import { encodeName } from '../../core/text/path.js';
import {
  CHANGED,
  type FramePlan,
  INPUT_ENDED,
  type InStream,
  IS_CHANGED,
  IS_REPLACED,
  type TarPlan,
} from './plan.js';

/** Bytes per read. */
const PIECE = 2 ** 18;
const buffer = new ArrayBuffer(PIECE);
const zeros = new ArrayBuffer(PIECE);
const plan = JSON.parse(std.loadFile(scriptArgs[1] as string) ?? '') as FramePlan | TarPlan;
/** The bytes to write, of all records. */
const part = plan.form === 'newc' ? plan : { from: 0, to: Number.POSITIVE_INFINITY };
/** Files that were not as planned, in the form of the report. */
const notes: string[] = [];
/**
 * Does not wait for a writer if a FIFO has replaced a file (open(2); the number is Linux's on amd64 and
 * arm64).
 */
const O_NONBLOCK = 0o4000;
/** The values of lseek(2) on Linux, which the engine passes on. */
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
/**
 * The device of the tree: links in it lead elsewhere. In the view every lower file system may have another
 * one.
 */
const device = os.stat(plan.root)[0]?.dev;
/** Bytes of the records so far, and of standard input. */
let at = 0;
let taken = 0;

if (plan.form === 'newc') for (const record of plan.records) writeNewc(record);
else {
  for (const record of plan.records) writePax(record);
  pad(PAX_END_BYTES);
}
std.out.flush();
// Whoever writes it has no reason to fail.
while (takeIn(PIECE) > 0);
for (const line of notes) {
  const bytes = encodeName(`${line}\0`);
  std.err.write(bytes.buffer, 0, bytes.length);
}
std.exit(notes.length > 0 ? CHANGED : 0);

function writeNewc(record: PlannedRecord & InStream): void {
  head(record);
  if (record.data === 'file') copy(record);
  else if (record.data !== 'none') put(encodeName(inlineText(record.data)));
  pad(newcPadding(record.size));
}

function writePax(record: TarRecord & InStream): void {
  const { data, content: _content, ...facts } = record;
  if (data === 'file') {
    put(paxHeader(facts));
    copy(record);
    pad(paxPadding(record.size));
  } else if (data !== 'none' && 'text' in data) {
    put(paxHeader(facts));
    put(encodeName(data.text));
    pad(paxPadding(record.size));
  } else put(paxHeader({ ...facts, size: 0, target: data === 'none' ? undefined : data.target }));
}

function head(record: PlannedRecord): void {
  const name = archiveName(record.path);
  const text = newcHeadText(record, name);
  const whole = text !== undefined && at >= part.from && at + text.length <= part.to;
  if (whole) {
    std.out.puts(text);
    at += text.length;
  } else put(newcHead(record, name));
}

function pad(length: number): void {
  if (length > 0) put(new Uint8Array(zeros, 0, length));
}

/** The part of the bytes that is in this frame. */
function put(bytes: Uint8Array): void {
  const [from, to] = inFrame(bytes.length);
  if (from < to) std.out.write(bytes.buffer, bytes.byteOffset + from, to - from);
  at += bytes.length;
}

/** The number of the next `length` bytes that is in the frame. */
function inFrame(length: number): [from: number, to: number] {
  return [Math.max(0, part.from - at), Math.min(length, part.to - at)];
}

/** Exactly this many bytes, whatever became of the file. */
function copy(record: PlannedRecord & InStream): void {
  const { path, size } = record;
  const [from, to] = inFrame(size);
  at += size;
  if (record.content !== undefined) {
    if (from < to) copyIn(record.content + from, record.content + to);
    return;
  }
  // An empty file is opened as well: it may have content by now.
  if (to < from || (from === to && size > 0)) return;
  const root = record.found?.copied ? plan.copies : isInView(record) ? plan.view : plan.root;
  const name = Object.hasOwn(plan.aliases, path) ? plan.aliases[path] : `${root}/${path}`;
  const fd = os.open(name as string, os.O_RDONLY | O_NONBLOCK);
  let left = to - from;
  if (!isPlanned(fd, record)) notes.push(IS_REPLACED + path);
  else {
    const sparse = record.found?.sparse === true;
    let data = sparse ? from : Number.POSITIVE_INFINITY;
    if (from > 0) os.seek(fd, from, std.SEEK_SET);
    let longer = false;
    /** The last read asked for more and got no more. */
    let ended = false;
    while (left > 0) {
      const here = to - left;
      if (here === data) {
        // What follows is a hole, data up to the next one, or both.
        const start = Math.min(seek(fd, here, SEEK_DATA) ?? to, to);
        putZeros(start - here);
        left -= start - here;
        data = start === to ? to : Math.min(seek(fd, start, SEEK_HOLE) ?? to, to);
        os.seek(fd, start, std.SEEK_SET);
        continue;
      }
      // With the last piece, what the file has beyond its size.
      const wanted = Math.min(left, data - here);
      const more = wanted === left && to === size && wanted < PIECE ? 1 : 0;
      const count = os.read(fd, buffer, 0, Math.min(wanted, PIECE) + more);
      if (count <= 0) break;
      longer = count > wanted;
      const taken = longer ? wanted : count;
      std.out.write(buffer, 0, taken);
      left -= taken;
      ended = more > 0 && !longer;
    }
    longer ||= to === size && !ended && os.read(fd, buffer, 0, 1) > 0;
    if (left > 0 || longer || !isUntouched(fd, record)) notes.push(IS_CHANGED + path);
  }
  if (fd >= 0) os.close(fd);
  putZeros(left);
}

/** A part of standard input; what is before it is passed over. */
function copyIn(from: number, to: number): void {
  while (taken < from) needIn(Math.min(PIECE, from - taken));
  while (taken < to) std.out.write(buffer, 0, needIn(Math.min(PIECE, to - taken)));
}

function needIn(length: number): number {
  const count = takeIn(length);
  if (count > 0) return count;
  std.err.puts('the contents end too early\n');
  std.exit(INPUT_ENDED);
}

/** Reads some of standard input; 0 at its end. */
function takeIn(length: number): number {
  const count = Math.max(0, os.read(0, buffer, 0, length));
  taken += count;
  return count;
}

/** A position from lseek(2); `undefined` if nothing of this kind follows. */
function seek(fd: number, at: number, whence: number): number | undefined {
  const found = os.seek(fd, at, whence);
  return found < 0 ? undefined : found;
}

function putZeros(length: number): void {
  for (let left = length; left > 0; left -= PIECE) std.out.write(zeros, 0, Math.min(left, PIECE));
}

/** Whether the opened file is the one that was found, and not a replacement. */
function isPlanned(fd: number, record: PlannedRecord): boolean {
  const { found } = record;
  const stat = fd < 0 ? null : os.stat(`/proc/self/fd/${fd}`)[0];
  if (stat === null || found === undefined || (stat.mode & os.S_IFMT) !== os.S_IFREG) return false;
  if (found.copied) return stat.size === record.size;
  if (isInView(record)) return stat.ino === engineNumber(inodeNumber(found)) && isUntouched(fd, record);
  return stat.dev === device && String(stat.ino) === found.ino;
}

function isInView({ found }: PlannedRecord): boolean {
  return found !== undefined && isViewed(found);
}

/** A number of 64 bits as the engine gives it: signed, and rounded to a double. */
function engineNumber(decimal: string): number {
  return Number(BigInt.asIntN(64, BigInt(decimal)));
}

/** Whether it was not changed since it was found: to the millisecond, the engine's resolution. */
function isUntouched(fd: number, { found }: PlannedRecord): boolean {
  if (found?.copied) return true;
  const [seconds = '', fraction = ''] = (found?.changed ?? '').split('.');
  return os.stat(`/proc/self/fd/${fd}`)[0]?.ctime === Number(seconds) * 1000 + Number(fraction.slice(0, 3));
}
