/**
 * Pictures of a machine's screen: read as QEMU dumps them (ppm(5), P6), written as PNG. Pure, except for
 * zlib.
 */
import { crc32, deflateSync } from 'node:zlib';

/** Red, green and blue, 0 to 255 each. */
export type Colour = readonly [red: number, green: number, blue: number];

export class Picture {
  constructor(
    readonly width: number,
    readonly height: number,
    /** Three bytes a pixel, in rows from the top. */
    readonly points: Uint8Array,
  ) {}

  /** The colour of a pixel. Throws outside of the picture. */
  at(x: number, y: number): Colour {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) {
      throw new RangeError(`no pixel ${x},${y} in a picture of ${this.width}x${this.height}`);
    }
    const i = (y * this.width + x) * 3;
    return [this.points[i] ?? 0, this.points[i + 1] ?? 0, this.points[i + 2] ?? 0];
  }

  /** The number of different colours; 1: it is empty. */
  colours(): number {
    const seen = new Set<number>();
    const { points } = this;
    for (let i = 0; i < points.length; i += 3) {
      seen.add(((points[i] ?? 0) << 16) | ((points[i + 1] ?? 0) << 8) | (points[i + 2] ?? 0));
    }
    return seen.size;
  }

  /** The share of it with this colour, 0 to 1; `near`: tolerance of each component. */
  share([red, green, blue]: Colour, near = 0): number {
    let count = 0;
    const { points } = this;
    const off = (value: number | undefined, wanted: number): boolean =>
      Math.abs((value ?? 0) - wanted) > near;
    for (let i = 0; i < points.length; i += 3) {
      if (!off(points[i], red) && !off(points[i + 1], green) && !off(points[i + 2], blue)) count++;
    }
    return count / (points.length / 3);
  }

  /** Enlarges every pixel by this factor. */
  enlarged(times: number): Picture {
    const [width, height] = [this.width * times, this.height * times];
    const points = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) {
      const row = Math.floor(y / times) * this.width;
      for (let x = 0; x < width; x++) {
        const from = (row + Math.floor(x / times)) * 3;
        points.set(this.points.subarray(from, from + 3), (y * width + x) * 3);
      }
    }
    return new Picture(width, height, points);
  }

  /** As PNG (RFC 2083): eight bits a component, no filter. */
  png(): Buffer {
    const head = Buffer.alloc(13);
    head.writeUInt32BE(this.width, 0);
    head.writeUInt32BE(this.height, 4);
    head.set([8, 2, 0, 0, 0], 8);
    const row = this.width * 3;
    const data = Buffer.alloc((row + 1) * this.height);
    for (let y = 0; y < this.height; y++)
      data.set(this.points.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    return Buffer.concat([
      signature,
      chunk('IHDR', head),
      chunk('IDAT', deflateSync(data)),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  }
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** Reads a picture as QEMU's screendump writes it. Throws if it is another kind of file. */
export function parsePpm(bytes: Uint8Array): Picture {
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(Buffer.from(bytes.subarray(0, 40)).toString('latin1'));
  if (head === null) throw new Error('not a picture from QEMU');
  const [text, width, height] = [head[0], Number(head[1]), Number(head[2])];
  const points = bytes.subarray(text.length);
  if (points.length !== width * height * 3) throw new Error('the picture is truncated');
  return new Picture(width, height, points);
}
