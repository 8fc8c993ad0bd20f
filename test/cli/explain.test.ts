/** `mkma build --explain`: which stages a build would run and why, without network, without root, without a trace. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execute, main, mkma, temporary } from './cli.js';
import { writeSmall } from './small.js';

interface Stage {
  readonly stage: string;
  readonly does: string;
  readonly why?: string;
  readonly differences: readonly {
    readonly input: string;
    readonly item?: string;
    readonly added?: string[];
  }[];
}

describe('explaining a build', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const define = (...more: string[]): string => writeSmall(folder.path, 'told', ...more);
  after(() => folder[Symbol.dispose]());

  /** What would be done, without any way out of this host. */
  const explained = async (output: string, ...more: string[]) => {
    const words = ['build', '--config', join(folder.path, 'mkma.config.ts'), '--output', output, '--explain'];
    const args = ['--net', process.execPath, main, ...words, '--json', ...more];
    const { code, stdout, stderr } = await execute('unshare', args);
    assert.equal(code, 0, stdout + stderr);
    return JSON.parse(stdout) as {
      readonly changes?: boolean;
      readonly stages: Stage[];
      readonly refused?: object;
    };
  };
  const doing = (stages: readonly Stage[]) =>
    Object.fromEntries(stages.map(({ stage, does }) => [stage, does]));
  /** Every file of the output folder, with what changes as soon as anything is done to it. */
  const state = (): string =>
    // Node's own recursion follows links, which lead out of the tree.
    execFileSync('find', [out, '-printf', '%P %C@\\n'], { encoding: 'utf8', maxBuffer: 2 ** 26 });

  before(async () => {
    const built = await mkma(['build', '--config', define(), '--output', out]);
    assert.equal(built.code, 0, built.stderr);
  });

  test('nothing changed: everything is kept, and nothing is touched', async () => {
    const at = state();
    const { changes, stages } = await explained(out);
    assert.equal(changes, false);
    assert.deepEqual(doing(stages), { system: 'keep', initramfs: 'keep', base: 'keep', sbom: 'keep' });
    assert.equal(state(), at);
  });

  test('a folder that does not exist: everything is made, and it still does not exist', async () => {
    const { changes, stages } = await explained(join(folder.path, 'none'));
    assert.equal(changes, true);
    assert.deepEqual(doing(stages), {
      ...{ packages: 'reuse', tools: 'reuse' },
      ...{ system: 'make', initramfs: 'make', base: 'make', sbom: 'make' },
    });
    assert.equal(readdirSync(folder.path).includes('none'), false);
  });

  test('a file of the definition: the tree and the base, but not early boot; as the build then does', async () => {
    define("files: { '/etc/motd': 'welcome' }");
    const { stages } = await explained(out);
    assert.deepEqual(doing(stages), {
      ...{ packages: 'reuse', tools: 'reuse' },
      ...{ system: 'make', initramfs: 'keep', base: 'make', sbom: 'make' },
    });
    const [difference] = stages.find(({ stage }) => stage === 'system')?.differences ?? [];
    assert.equal(`${difference?.input}: ${difference?.item}`, "definition's files: /etc/motd");
    const built = await mkma(['build', '--config', join(folder.path, 'mkma.config.ts'), '--output', out]);
    assert.match(built.stderr, /^system: start: changed: definition's files \(\+ \/etc\/motd\)$/m);
    const began = [...built.stderr.matchAll(/^(\w+): start/gm)].map((match) => match[1]);
    assert.deepEqual(began, ['system', 'base', 'sbom']);
  });

  test('a package: fetched by name, and what follows from it is not known yet', async () => {
    define("files: { '/etc/motd': 'welcome' }", "excludePackages: ['never-there']");
    const { changes, stages } = await explained(out);
    assert.equal(changes, true);
    const { packages, system, initramfs, base } = doing(stages);
    assert.deepEqual([packages, system, initramfs, base], ['fetch', 'make', 'perhaps', 'make']);
    for (const name of ['packages', 'system']) {
      const { differences = [] } = stages.find(({ stage }) => stage === name) ?? {};
      const excluded = differences.find(({ input }) => input === 'excluded');
      assert.deepEqual(excluded?.added, ['never-there'], name);
    }
  });

  test('without root, too, though not all of the tree can be read', async () => {
    define("files: { '/etc/motd': 'welcome' }");
    chmodSync(folder.path, 0o755);
    const home = join(folder.path, 'home');
    mkdirSync(home, { mode: 0o777 });
    const words = ['build', '--config', join(folder.path, 'mkma.config.ts'), '--output', out, '--explain'];
    const ended = await execute(process.execPath, [main, ...words], {
      ...{ uid: 65534, env: { HOME: home } },
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^ {2}system +kept, of /m);
    assert.match(ended.stdout, /^whether chroot\/ was edited by hand is not known: /m);
    assert.deepEqual(readdirSync(home), []);
  });

  test('edits made by hand that would be lost: the refusal, with the reason', async () => {
    writeFileSync(join(out, 'chroot/etc/motd'), 'edited\n');
    define("files: { '/etc/motd': 'another' }");
    const { refused } = await explained(out);
    assert.equal((refused as { code?: string } | undefined)?.code, 'chroot-edited');
    const { stages, refused: none } = await explained(out, '--discard-edits');
    assert.equal(none, undefined);
    assert.equal(doing(stages).system, 'make');
  });
});
