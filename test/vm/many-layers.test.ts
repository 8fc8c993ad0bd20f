/** Many small layers: all of them are applied in their order, a damaged one among them is left out by itself, and one too many is told. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { BOOT_RECORD, type BootRecord } from '../../src/core/boot/record.js';
import { MOST_LAYERS } from '../../src/core/contract.js';
import { Vm } from './harness.js';
import { bootFromDisk, layerFile, makeLayer } from './layer.js';

const LONG = process.env.MKMA_TEST_LONG === '1';
const COUNT = Number(process.env.MKMA_TEST_LAYERS ?? (LONG ? MOST_LAYERS + 1 : 120));
/** Layers with different content; others are copies of them. */
const KINDS = 5;

const name = (i: number): string => `l${String(i).padStart(3, '0')}`;

test(`${COUNT} layers, one of them damaged`, async (t) => {
  for (let i = 0; i < COUNT; i++) {
    if (i < KINDS) {
      const script = `mkdir -p etc/many root; echo ${i} >etc/many/kind-${i}; echo ${i} >etc/many/last; chmod 75${i} etc/many`;
      // As persist makes them: layers without records are not unpacked together.
      await makeLayer(name(i), { script, records: { files: {} } });
    } else copyFileSync(layerFile(name(i % KINDS)), layerFile(name(i)));
  }
  const damaged = Math.floor(COUNT / 2);
  const bytes = readFileSync(layerFile(name(damaged)));
  bytes[40] = (bytes[40] as number) ^ 1;
  writeFileSync(layerFile(name(damaged)), bytes);
  const [append, more] = bootFromDisk();
  await using vm = await Vm.shell(append, more);
  const top = Math.min(COUNT, MOST_LAYERS) - 1;
  assert.equal(
    await vm.ask('cat /etc/many/kind-? /etc/many/last | tr "\\n" " "; stat -c %a /etc/many'),
    `0 1 2 3 4 ${top % KINDS} 75${top % KINDS}`,
  );
  const { layers, leftOut } = await vm.status();
  const { phases } = JSON.parse(await vm.ask(`cat ${BOOT_RECORD}`)) as BootRecord;
  assert.deepEqual(
    layers.map(({ layer }) => layer),
    Array.from({ length: top + 1 }, (_, i) => name(i)).filter((_, i) => i !== damaged),
  );
  const expected = [
    [name(damaged), 'unpacking-failed'],
    ...(COUNT > MOST_LAYERS ? [[name(MOST_LAYERS), 'too-many-layers']] : []),
  ];
  assert.deepEqual(
    leftOut.map(({ layer, problem }) => [layer, problem?.code]),
    expected,
  );
  const seconds = phases.find(({ phase }) => phase === 'layers')?.seconds ?? 0;
  t.diagnostic(`phase layers: ${seconds} s, ${(seconds / COUNT).toFixed(3)} s each`);
  // What is looked up in all of them, and a snapshot on top of them.
  t.diagnostic(
    await vm.ask(
      'time (ls -lR /etc >/dev/null) 2>&1; echo x >/etc/more; time mkma persist --all --dry-run 2>&1',
      300,
    ),
  );
});
