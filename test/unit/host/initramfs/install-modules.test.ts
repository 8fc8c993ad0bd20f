import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installModules } from '../../../../src/host/initramfs/install-modules.js';
import type { Event } from '../../../../src/host/report/event.js';

test('modules are copied with what they need; those the kernel lacks are told in one warning', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-test-'));
  try {
    const modules = join(folder, 'modules');
    mkdirSync(join(modules, 'kernel'), { recursive: true });
    for (const name of ['ext4', 'jbd2']) writeFileSync(join(modules, `kernel/${name}.ko`), name);
    writeFileSync(join(modules, 'modules.dep'), 'kernel/ext4.ko: kernel/jbd2.ko\nkernel/jbd2.ko:\n');
    writeFileSync(join(modules, 'modules.builtin'), 'kernel/ahci.ko\n');
    const events: Event[] = [];
    const install = async (target: string, wanted: string[]) => {
      const context = { emit: (event: Event) => events.push(event), signal: new AbortController().signal };
      return installModules({ modules, release: '6.1.0', target: join(folder, target), wanted }, context);
    };
    assert.ok((await install('a', ['ext4', 'ahci'])).ok);
    assert.equal(events.length, 0);
    assert.ok(existsSync(join(folder, 'a/usr/lib/modules/6.1.0/kernel/jbd2.ko')));
    assert.ok((await install('b', ['ext4', 'nvme', 'ahci', 'vmd'])).ok);
    assert.equal(events.length, 1);
    const [event] = events;
    assert.ok(event?.type === 'warning');
    assert.equal(event.problem.where, 'kernel 6.1.0');
    assert.match(event.problem.why ?? '', /: nvme vmd$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
