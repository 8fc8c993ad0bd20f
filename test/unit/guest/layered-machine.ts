/** A machine that boots with layers beside its base. */
import type { BootRecord } from '../../../src/core/boot/record.js';
import type { LayerFacts, Manifest } from '../../../src/core/image/manifest.js';
import { imageFile } from '../core/sample.js';
import type { FakeMachine } from './fake-machine.js';
import { answer, goodMachine, MANIFEST } from './good-machine.js';

const { kind: _, ...COMMON } = MANIFEST;

export function layer(id: string, facts: Partial<LayerFacts> = {}, more: Partial<Manifest> = {}): Uint8Array {
  const segments = [{ size: 7, bytes: 70, frames: 1, records: 2, sha256: 'e'.repeat(64) }];
  return imageFile({
    ...COMMON,
    kind: 'layer',
    id: `sha256:${id.repeat(64)}`,
    unpackedBytes: 2 ** 20,
    inodes: 2,
    segments,
    layer: { base: MANIFEST.id, deletions: [], opaque: [], ...facts },
    ...more,
  } as Manifest);
}

/** A machine with layers beside its base. Everything that is unpacked is there afterwards. */
export function withLayers(
  layers: Readonly<Record<string, Uint8Array>>,
  cmdline = '',
  base?: Uint8Array,
): FakeMachine {
  const machine = goodMachine(cmdline, base);
  for (const [name, content] of Object.entries(layers)) {
    machine.files.set(`/storage/img/persistence.${name}.cpio.zst`, { content });
  }
  machine.answer = (argv, fake) => {
    if (!argv.join(' ').startsWith('stat -f')) return answer(argv, fake);
    // 12 names of the base, once its three segments are there, then two for each layer.
    const files = new Set(fake.started.map(({ parts }) => parts[0]?.find((word) => word.startsWith('if='))));
    const names = fake.started.length < 3 ? 0 : 12 + 2 * (files.size - 1);
    return { stdout: `4096 250000 250000 ${1000 - names}\n` };
  };
  return machine;
}

export function record(machine: FakeMachine): BootRecord {
  return JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
}

export function lowerFolders(machine: FakeMachine): string[] {
  const links = (machine.list('/mkma/lower') ?? []).sort((a, b) => Number(a) - Number(b));
  return links.map((name) => machine.readlink(`/mkma/lower/${name}`) ?? '');
}
