/** `mkma generations` on the machine: what it runs from stays, and menus on its storage follow. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { runFromFirst, setImagesPath } from './persist/generations.js';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
/** The base of this machine has a name that no boot loader could have. */
const name = 'machine';
const CUSTOM = 'boot/grub/custom.cfg';

beforeEach(() => {
  runFromFirst(machine, String);
  machine.onStorage((folder) => {
    mkdirSync(join(folder, 'images/.mkma'));
    writeFileSync(
      join(folder, 'images/.mkma/boot-entries.json'),
      JSON.stringify({ root: '/', append: [{ name: 'extra' }] }),
    );
    writeFileSync(join(folder, 'images/generations/3/persistence.x.cpio.zst'), '');
    writeFileSync(join(folder, CUSTOM), '# mine\n');
  });
});

function told(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(['generations', ...args]);
  assert.deepEqual([code, stderr], [0, ''], stdout + stderr);
  return stdout;
}

function refused(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(['generations', ...args]);
  assert.deepEqual([code, stdout], [1, ''], stderr);
  return stderr;
}

const names = (): string[] =>
  machine.onStorage((folder) => readdirSync(join(folder, 'images/generations')).sort());
const menu = (): string => machine.onStorage((folder) => readFileSync(join(folder, CUSTOM), 'utf8'));

test('list, show, diff: the running one, the default, layers', () => {
  const text = told('list');
  assert.match(text, /^3 .* 1 +default$/m);
  assert.match(text, /^1 .* 0 +running$/m);
  const { generations } = JSON.parse(told('list', '--json'));
  assert.deepEqual(
    generations.map(({ number }: { number: number }) => number),
    [3, 2, 1],
  );
  assert.match(told('show', '3'), /^ {2}layer x$/m);
  assert.match(told('diff', '1', '3'), /^\+ layer x$/m);
  assert.match(refused('show', '4'), /why: there are: 3, 2, 1$/m);
});

test('the running one, the default and a pinned one stay; others go, and nothing else', () => {
  told('pin', '2');
  assert.match(refused('drop', '1'), /why: this machine runs from it$/m);
  assert.match(refused('drop', '3'), /why: it is the default$/m);
  assert.match(refused('drop', '2'), /why: it is pinned$/m);
  told('unpin', '2');
  machine.onStorage((folder) => mkdirSync(join(folder, 'images/generations/.new-9')));
  assert.match(told('drop', '2'), /^dropped generation 2$/m);
  assert.deepEqual(names(), ['1', '3']);
});

test('a default that cannot be written is no default', () => {
  machine.onStorage((folder) => mkdirSync(join(folder, 'images/generations/.default')));
  assert.match(refused('use', '2'), /cannot change the generations/);
  assert.match(told('list'), /^3 .* default$/m);
});

test('a menu that is elsewhere: the default is noted, and it is said what to run there', () => {
  const text = told('use', '2');
  assert.match(
    text,
    /^generation 2 is the default now\nthe boot loader's menu is not on \S+: .*\n {2}sudo mkma boot-entry --write /,
  );
  assert.match(told('list'), /^2 .* default$/m);
  assert.equal(menu(), '# mine\n');
});

test('a menu on the storage follows use and drop; what is not of mkma stays', () => {
  const entry =
    '### BEGIN mkma-tiny ###\nmenuentry x {\n linux /images/generations/3/vmlinuz mkma_images_path=/images/generations/3\n}\n### END mkma-tiny ###\n';
  machine.onStorage((folder) =>
    writeFileSync(join(folder, CUSTOM), `# mine\n${entry.replaceAll('tiny', name)}# after\n`),
  );
  assert.match(
    told('use', '2'),
    /updated the boot loader's menu: \/boot\/grub\/custom\.cfg on the storage$/m,
  );
  const text = menu();
  assert.ok(text.startsWith('# mine\n### BEGIN') && text.endsWith('###\n# after\n'), text);
  const ids = [...text.matchAll(/--id (\S+) \{/g)].map(([, id]) => id);
  assert.deepEqual(ids, [`mkma-${name}.3`, `mkma-${name}`, `mkma-${name}.1`]);
  assert.match(text, /mkma_images_path=\/images\/generations\/2 quiet extra$/m);
  told('drop', '3');
  assert.doesNotMatch(menu(), /generations\/3/);
  assert.deepEqual(names(), ['1', '2', 'default']);
});

test('systemd-boot’s entries on the storage follow, and those of a dropped one go', () => {
  const at = (folder: string, file: string): string => join(folder, 'loader/entries', file);
  machine.onStorage((folder) => {
    mkdirSync(at(folder, ''), { recursive: true });
    for (const file of [`mkma-${name}.conf`, `mkma-${name}.1.conf`, `mkma-${name}.2.conf`])
      writeFileSync(at(folder, file), 'options mkma_images_path=/images/generations/3\n');
    writeFileSync(at(folder, 'other.conf'), 'title other\n');
  });
  told('drop', '2');
  machine.onStorage((folder) => {
    assert.ok(!existsSync(at(folder, `mkma-${name}.2.conf`)));
    assert.equal(readFileSync(at(folder, 'other.conf'), 'utf8'), 'title other\n');
    assert.match(
      readFileSync(at(folder, `mkma-${name}.conf`), 'utf8'),
      /^linux \/images\/generations\/3\/vmlinuz\n[\s\S]*mkma_images_path=\/images\/generations\/3 quiet extra\n$/m,
    );
  });
});

test('the menu of a medium follows', () => {
  machine.onStorage((folder) => {
    renameSync(join(folder, 'images'), join(folder, 'mkma'));
    writeFileSync(join(folder, 'boot/grub/grub.cfg'), '# mkma medium\nold\n');
  });
  setImagesPath(machine, '/mkma/generations/1');
  assert.match(told('use', '2'), /updated the boot loader's menu: \/boot\/grub\/grub\.cfg on the storage$/m);
  machine.onStorage((folder) => {
    const text = readFileSync(join(folder, 'boot/grub/grub.cfg'), 'utf8');
    assert.match(text, /^# mkma medium\n[\s\S]*^set default=mkma-machine$/m);
    assert.match(text, /mkma_images_path=\/mkma\/generations\/2 quiet extra$/m);
    renameSync(join(folder, 'mkma'), join(folder, 'images'));
  });
});
