/** A container image in a folder, as skopeo and podman read it (`oci:FOLDER`): image-spec, "OCI Image Layout". */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of the image's one layer: its content, or what a symbolic link leads to. */
type LayerFile = Uint8Array | { readonly link: string };

/** One that has a shell and its tools: a static busybox under the names that are asked for. */
export function busyboxFiles(busybox: Uint8Array, applets: readonly string[]): Record<string, LayerFile> {
  return {
    'bin/busybox': busybox,
    ...Object.fromEntries(applets.map((name) => [`bin/${name}`, { link: 'busybox' }])),
  };
}

/** Make an image of one layer in a folder; every file in it can be executed by everybody. */
export function writeOciImage(folder: string, files: Readonly<Record<string, LayerFile>>): void {
  const blobs = join(folder, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (bytes: Uint8Array): { digest: string; size: number } => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hash), bytes);
    return { digest: `sha256:${hash}`, size: bytes.length };
  };
  const json = (value: unknown) => blob(Buffer.from(JSON.stringify(value)));
  const layer = blob(tarOf(files));
  const config = json({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created_by: 'mkma' }],
  });
  const type = (kind: string) => `application/vnd.oci.image.${kind}`;
  const manifest = json({
    schemaVersion: 2,
    mediaType: type('manifest.v1+json'),
    config: { mediaType: type('config.v1+json'), ...config },
    layers: [{ mediaType: type('layer.v1.tar'), ...layer }],
  });
  const index = {
    schemaVersion: 2,
    mediaType: type('index.v1+json'),
    manifests: [{ mediaType: type('manifest.v1+json'), ...manifest }],
  };
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

/** A tar(5) archive (ustar) with these files, and the folders that they lie in. */
function tarOf(files: Readonly<Record<string, LayerFile>>): Uint8Array {
  const folders = new Set(
    Object.keys(files).flatMap((name) =>
      name
        .split('/')
        .slice(0, -1)
        .map((_, i, parts) => `${parts.slice(0, i + 1).join('/')}/`),
    ),
  );
  const none = new Uint8Array();
  const parts = [
    ...[...folders].sort().map((name) => header(name, '5', none, '')),
    ...Object.entries(files).flatMap(([name, file]) =>
      file instanceof Uint8Array
        ? [header(name, '0', file, ''), file, Buffer.alloc(-file.length & 511)]
        : [header(name, '2', none, file.link)],
    ),
  ];
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** The header of a tar entry, root's and as of 1970. */
function header(name: string, typeflag: '0' | '2' | '5', content: Uint8Array, link: string): Uint8Array {
  const block = Buffer.alloc(512);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  const fields: [at: number, text: string][] = [
    [0, name],
    [100, octal(0o755, 7)],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(content.length, 11)],
    [136, octal(0, 11)],
    // The checksum counts as blanks in its own sum.
    [148, ' '.repeat(8)],
    [156, typeflag],
    [157, link],
    [257, 'ustar\x0000'],
  ];
  for (const [at, text] of fields) block.write(text, at, 'latin1');
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
    'latin1',
  );
  return block;
}
