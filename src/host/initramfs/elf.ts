/**
 * What a program needs to run, read from its ELF file (elf(5)): the loader and the shared libraries. Not from
 * ldd, since the building host may be unable to run the program, and its own libraries are not the program's.
 */

export interface ElfNeeds {
  /** Path of the dynamic loader (PT_INTERP); absent from libraries and static programs. */
  readonly interpreter?: string;
  /** Names of the shared libraries (DT_NEEDED). */
  readonly libraries: readonly string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

/** Offsets of fields in the two classes of ELF, in bytes. `word` is the size of an address. */
const LAYOUT = {
  1: { word: 4, phoff: 28, phentsize: 42, phnum: 44, pOffset: 4, pVaddr: 8, pFilesz: 16 },
  2: { word: 8, phoff: 32, phentsize: 54, phnum: 56, pOffset: 8, pVaddr: 16, pFilesz: 32 },
} as const;

interface Reader {
  readonly u16: (at: number) => number;
  readonly u32: (at: number) => number;
  /** An address or size. */
  readonly word: (at: number) => number;
  readonly text: (at: number) => string;
  readonly layout: (typeof LAYOUT)[1 | 2];
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Reads what an ELF file needs; `undefined` if the bytes are not a complete ELF file. */
export function readElfNeeds(bytes: Uint8Array): ElfNeeds | undefined {
  const reader = readerOf(bytes);
  if (reader === undefined) return undefined;
  try {
    const segments = readSegments(reader);
    const interp = segments.find((segment) => segment.type === PT_INTERP);
    const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
    return {
      ...(interp === undefined ? {} : { interpreter: reader.text(interp.offset) }),
      libraries: dynamic === undefined ? [] : readLibraries(reader, segments, dynamic),
    };
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

function readerOf(bytes: Uint8Array): Reader | undefined {
  if (bytes.length < 64 || String.fromCharCode(...bytes.subarray(0, 4)) !== '\x7fELF') return undefined;
  const elfClass = bytes[4];
  const order = bytes[5];
  if ((elfClass !== 1 && elfClass !== 2) || (order !== 1 && order !== 2)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = order === 1;
  const layout = LAYOUT[elfClass];
  return {
    layout,
    u16: (at) => view.getUint16(at, little),
    u32: (at) => view.getUint32(at, little),
    word: (at) => (layout.word === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little))),
    text: (at) => {
      const end = bytes.indexOf(0, at);
      if (at >= bytes.length || end < 0) throw new RangeError('unterminated string');
      return String.fromCharCode(...bytes.subarray(at, end));
    },
  };
}

function readSegments(reader: Reader): Segment[] {
  const { layout } = reader;
  const start = reader.word(layout.phoff);
  const size = reader.u16(layout.phentsize);
  return Array.from({ length: reader.u16(layout.phnum) }, (_, i) => {
    const at = start + i * size;
    return {
      type: reader.u32(at),
      offset: reader.word(at + layout.pOffset),
      address: reader.word(at + layout.pVaddr),
      size: reader.word(at + layout.pFilesz),
    };
  });
}

function readLibraries(reader: Reader, segments: readonly Segment[], dynamic: Segment): string[] {
  const { word } = reader.layout;
  const names: number[] = [];
  let table: number | undefined;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 2 * word) {
    const tag = reader.word(at);
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) names.push(reader.word(at + word));
    if (tag === DT_STRTAB) table = reader.word(at + word);
  }
  if (table === undefined) return [];
  const address = table;
  // The string table is given by its load address: the segment it is loaded from gives its place in the file.
  const load = segments.find(
    (s) => s.type === PT_LOAD && address >= s.address && address < s.address + s.size,
  );
  if (load === undefined) throw new RangeError('string table is not loaded');
  return names.map((name) => reader.text(load.offset + address - load.address + name));
}
