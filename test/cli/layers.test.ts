/** `mkma layers` on the host: every verb over real layers, the words of its refusals, and its exit codes. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { mkma, mkmaHere, temporary } from './cli.js';
import { Stock, stockUp } from './layers-stock.js';

const FIRST = '20260101_000000_first';
const SECOND = '20260102_000000_second';

const folder = temporary();
after(() => folder[Symbol.dispose]());
const images = join(folder.path, 'copy');
mkdirSync(join(folder.path, 'stock'));
const stock = new Stock(join(folder.path, 'stock'));
const ids = await stockUp(stock);

beforeEach(() => {
  rmSync(images, { recursive: true, force: true });
  cpSync(stock.images, images, { recursive: true });
});

const at = (name: string): string => join(images, `persistence.${name}.cpio.zst`);
const layers = (...args: string[]) => mkmaHere(['layers', ...args, '--output', images]);

/** What a verb prints, as it went well. */
async function told(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await layers(...args);
  assert.deepEqual([code, stderr], [0, ''], stdout);
  return stdout;
}

/** What a verb complains of; the folder of the images stays as it was. */
async function refused(expected: number, ...args: string[]): Promise<string> {
  const before = readdirSync(images);
  const { code, stdout, stderr } = await layers(...args);
  assert.deepEqual([code, stdout], [expected, ''], stderr);
  assert.deepEqual(readdirSync(images), before);
  return stderr;
}

test('list: in order, with what their manifests tell', async () => {
  const text = await told('list');
  assert.match(
    text,
    /^name +made +file +RAM +entries +deleted +state\nbase +- +1\.\d+ KiB +12\.0 KiB +8 +-\n/,
  );
  assert.match(
    text,
    /\n20260101_000000_first .* 9 +0\n20260102_000000_second .* 8 +2\nhand .* - +- +- +unverified\n$/,
  );
  const { base, layers: listed } = JSON.parse(await told('list', '--json'));
  assert.deepEqual([base.id, base.entries, base.disabled, 'applied' in base], [ids.base, 8, false, false]);
  assert.deepEqual([listed[1].id, listed[1].deletions, listed[1].opaque], [ids.second, 2, 1]);
  assert.equal(listed[1].entries, JSON.parse(await told('show', SECOND, '--json')).entries.length);
});

test('list: another base, a layer that is missing, and files that are no layers', async () => {
  await stock.pack('other', 'echo x >x', { base: `sha256:${'ab'.repeat(32)}`, after: ids.second });
  cpSync(stock.file('other'), at('0'));
  rmSync(stock.file('other'));
  cpSync(stock.file('base'), at('nobase'));
  writeFileSync(at('empty'), '');
  mkdirSync(at('folder'));
  rmSync(at(FIRST));
  const text = await told('list');
  assert.match(
    text,
    /\n0 .*\n {2}warning: made on another base \(sha256:abababababab\) than base\.cpio\.zst \(sha256:[0-9a-f]{12}\); it does not record which accounts and packages .*\n {2}warning: made after 20260102_000000_second, which is above it\n/,
  );
  assert.match(text, /_second .*\n {2}warning: made after a layer that is missing \(sha256:[0-9a-f]{12}\)\n/);
  assert.match(
    text,
    /empty .* unusable\n {2}the image is empty: persistence\.empty\.cpio\.zst \[image-empty\]\n/,
  );
  assert.match(text, /nobase .* unusable\n {2}not a layer: .*\n {4}why: its manifest says it is a base\n/);
  assert.match(
    text,
    /folder .* unusable\n {2}cannot read the image: .*\n {4}why: it cannot be opened, or is not a regular/,
  );
  assert.match(
    await refused(1, 'show', 'nobase'),
    /^error: not a layer: persistence\.nobase\.cpio\.zst \[image-kind\]\n/,
  );
});

test('show: an entry a line, names of a file alike, deletions and opaque folders among them', async () => {
  const text = await told('show', SECOND);
  assert.match(text, /^drwxr-xr-x +0:0 +- +2026-01-02 03:04:05 {2}\/\n/);
  assert.match(
    text,
    /\n-rw-r--r-- +12:34 +5 .* {2}\/etc\/issue\ndeleted +\/etc\/motd\ndrwx.*\/etc\/new {2}\(opaque\)\n/,
  );
  assert.match(text, /\n-rw-r--r-- +0:0 +4 .* {2}\/etc\/new\/y\n-rw-r--r-- +0:0 +4 .* {2}\/etc\/new\/z\n/);
  assert.match(text, /_second: 4 files, 4 folders, 2 deletions, 1 opaque folder, 12\.0 KiB in RAM\n$/);
  assert.match(await told('show', 'base'), /\nlrwxrwxrwx .* \/srv\/link -> \.\.\/etc\/hosts\n/);
  assert.match(
    await told('show', 'hand'),
    /\ndeleted +\/etc\/hosts\nhand: 1 file, 2 folders, 1 deletion, unverified: /,
  );
  const json = JSON.parse(await told('show', `persistence.${SECOND}.cpio.zst`, '--json'));
  assert.deepEqual([json.name, json.base, json.after], [SECOND, ids.base, ids.first]);
  assert.deepEqual(json.deletions, ['etc/motd', 'srv/old']);
});

test('show: any kind of name and file', async () => {
  const script = `printf x >"$(printf 'a\\377')"; printf x >$'new\\nline'; mkfifo pipe; mknod null c 1 3; chmod 1777 .`;
  await stock.pack('odd', script, {});
  cpSync(stock.file('odd'), at('odd'));
  rmSync(stock.file('odd'));
  const text = await told('show', 'odd');
  assert.match(
    text,
    /^drwxrwxrwt .* \/\n.* "\/a\\377"\n.* "\/new\\nline"\ncrw-r--r-- +0:0 +1, 3 .*\/null\nprw-r--r--/,
  );
  assert.match(await told('blame', '"/a\\377"'), /^\* {2}odd .*\n"\/a\\377" comes from odd\n$/);
});

test('diff: what only one has, and in what the others differ; contents are compared', async () => {
  const text = await told('diff', FIRST, SECOND);
  const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '));
  assert.deepEqual(lines, [
    `--- ${FIRST}`,
    `+++ ${SECOND}`,
    '~ differs /etc/hosts: content',
    '~ differs /etc/issue: -rwsr-xr-x -> -rw-r--r--, owner 0:0 -> 12:34',
    '+ deleted /etc/motd',
    '~ differs /etc/new: opaque',
    '- -rw-r--r-- 0:0 4 2026-01-02 03:04:05 /etc/new/x',
    '+ -rw-r--r-- 0:0 4 2026-01-02 03:04:05 /etc/new/y',
    '+ -rw-r--r-- 0:0 4 2026-01-02 03:04:05 /etc/new/z',
    '~ differs /srv/old: folder -> deleted',
    '- -rw-r--r-- 0:0 2 2026-01-02 03:04:05 /srv/old/b',
    '9 differences, 3 the same',
    '',
  ]);
  assert.match(await told('diff', SECOND, SECOND), /\n0 differences, 10 the same\n$/);
  assert.match(await told('diff', 'base', FIRST), /~ {2}differs +\/etc\/hosts: size 5 -> 6\n/);
  const { differences } = JSON.parse(await told('diff', FIRST, SECOND, '--json'));
  assert.deepEqual(differences[1].aspects, ['mode', 'owner']);
});

test('blame: who holds a path, who hides it, and who decides', async () => {
  const verdicts = async (path: string) => {
    const { present, verdicts: all } = JSON.parse(await told('blame', path, '--json'));
    return [present, ...all.map((one: Record<string, unknown>) => (one.decides ? '*' : '') + one.image)];
  };
  assert.deepEqual(await verdicts('/etc/hosts'), [false, '*hand', SECOND, FIRST, 'base']);
  assert.deepEqual(await verdicts('etc/issue'), [true, `*${SECOND}`, FIRST]);
  assert.deepEqual(await verdicts('/srv/old/a'), [false, `*${SECOND}`, 'base']);
  assert.deepEqual(await verdicts('/srv/link'), [true, '*base']);
  await told('disable', 'hand');
  assert.deepEqual(await verdicts('/etc/hosts'), [true, 'hand', `*${SECOND}`, FIRST, 'base']);
  const text = await told('blame', '/etc/new/x');
  assert.match(text, /_first .* hidden by 20260102_000000_second: hides everything below it in \/etc\/new\n/);
  assert.match(
    text,
    /\n\/etc\/new\/x does not exist: 20260102_000000_second hides everything below it in \/etc\/new\n$/,
  );
  assert.match(
    await refused(1, 'blame', '/nope'),
    /^error: no image contains this path: \/nope \[path-in-no-image\]\n {2}why: neither the base nor a layer mentions it\n/,
  );
  for (const wrong of ['../etc', '']) {
    assert.match(await refused(2, 'blame', wrong), /^error: invalid path: /);
  }
});

test('verify: whole layers, and damaged ones', async () => {
  const whole = `${FIRST}: verified\n${SECOND}: verified\nhand: complete; unverified: it has no manifest\n`;
  assert.equal(await told('verify'), whole);
  assert.equal(await told('verify', 'base'), 'base: verified\n');
  const bytes = readFileSync(at(SECOND));
  bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
  writeFileSync(at(SECOND), bytes);
  truncateSync(at('hand'), 100);
  const { code, stdout, stderr } = await layers('verify');
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^20260101_000000_first: verified\n20260102_000000_second: DAMAGED\n {2}the image is damaged: .*\n {4}why: segment 1 of \d/,
  );
  assert.match(stdout, /\nhand: DAMAGED\n {2}cannot read the image: /);
  assert.match(
    stderr,
    /^error: 2 of 3 images failed verification: 20260102_000000_second, hand \[images-unreliable\]\n {2}why: /,
  );
  const json = await layers('verify', '--json');
  const { images: checked, problem } = JSON.parse(json.stdout);
  assert.equal(json.code, 1);
  assert.deepEqual(
    checked.map(({ state }: { state: string }) => state),
    ['verified', 'damaged', 'damaged'],
  );
  assert.match(problem.what, /^2 of 3 images failed verification$/);
});

test('disable and enable: a rename, and back; nothing is written over', async () => {
  const before = readFileSync(at(FIRST));
  assert.equal(
    await told('disable', FIRST),
    `disabled ${FIRST} (renamed to persistence.${FIRST}.cpio.zst.disabled); boots leave it out until it is enabled\n` +
      `warning: ${SECOND}: made after ${FIRST}, which is disabled\n`,
  );
  assert.deepEqual(readFileSync(`${at(FIRST)}.disabled`), before);
  assert.match(
    await told('list'),
    /_first .* disabled\n.*_second .*\n {2}warning: made after .*, which is disabled\n/,
  );
  assert.match(
    await refused(1, 'disable', FIRST),
    /^error: the layer is already disabled: .*\.disabled \[layer-unchanged\]\n/,
  );
  writeFileSync(at(FIRST), 'another');
  assert.match(
    await refused(1, 'enable', FIRST),
    /^error: cannot enable the layer: .*\.disabled \[layer-file-exists\]\n {2}why: persistence\.20260101_000000_first\.cpio\.zst exists/,
  );
  assert.match(await refused(1, 'disable', FIRST), /^error: cannot disable the layer: /);
  assert.match(await told('drop', FIRST, '--force'), /\(removed .*\.cpio\.zst\)\n/);
  assert.equal(
    await told('enable', `persistence.${FIRST}.cpio.zst.disabled`),
    `enabled ${FIRST} (renamed to persistence.${FIRST}.cpio.zst); the next boot applies it\n`,
  );
  assert.deepEqual(readFileSync(at(FIRST)), before);
  assert.match(await refused(1, 'enable', FIRST), /^error: the layer is already enabled: /);
});

test('drop: for good, and not where another layer depends on it', async () => {
  assert.equal(
    await refused(1, 'drop', FIRST),
    `error: another layer was made after this one: persistence.${FIRST}.cpio.zst [layer-needed]\n` +
      `  why: ${SECOND} depends on it: 9 entries below it would be missing\n` +
      `  next: leave it out without losing it: mkma layers disable ${FIRST}\n` +
      `        or drop it anyway: mkma layers drop ${FIRST} --force\n`,
  );
  const done = JSON.parse(await told('drop', FIRST, '--force', '--json'));
  assert.deepEqual([done.action, done.layer, 'becomes' in done], ['drop', FIRST, false]);
  assert.match(done.warnings[0], /_second: made after a layer that is missing \(sha256:/);
  await told('drop', SECOND);
  assert.deepEqual(readdirSync(images), ['base.cpio.zst', 'persistence.hand.cpio.zst']);
  await told('disable', 'hand');
  await told('drop', 'hand');
  assert.equal((await told('list')).split('\n').at(-2), 'no layers');
});

test('names that no layer has, and folders that are none', async () => {
  const unknown = `error: no such layer: secnd [no-such-layer]\n  why: the layers are ${FIRST}, ${SECOND}, hand\n  next: did you mean ${SECOND}? mkma layers list shows them\n`;
  for (const verb of ['show', 'verify', 'disable', 'enable', 'drop']) {
    assert.equal(await refused(2, verb, 'secnd'), unknown);
  }
  assert.match(
    await refused(2, 'diff', FIRST, 'first'),
    /no such layer: first \[no-such-layer\]\n.*\n {2}next: did you mean 2026.*_first\?/,
  );
  assert.match(await refused(2, 'drop', 'base'), /^error: no such layer: base \[no-such-layer\]\n/);
  const none = await mkmaHere(['layers', 'list', '--output', join(images, 'none')]);
  assert.equal(none.code, 1);
  assert.match(
    none.stderr,
    /^error: cannot read the images folder: .*\n {2}why: ENOENT.*\n {2}next: .*--output\n/,
  );
});

test('wrong usage', async () => {
  for (const [args, words] of [
    [
      ['shwo'],
      /^error: unknown command 'shwo' \[unknown-command\]\n {2}next: did you mean show\? see mkma layers --help/,
    ],
    [
      ['show'],
      /^error: missing required argument 'name' \[arguments-invalid\]\n {2}next: see mkma layers show --help/,
    ],
    [
      ['drop', 'x', '--forse'],
      /^error: unknown option '--forse' \[unknown-option\]\n {2}next: did you mean --force\? see mkma layers drop --help/,
    ],
    [[], /^error: no command was given \[no-command\]\n/],
  ] as const) {
    const { code, stderr } = await mkma(['layers', ...args]);
    assert.equal(code, 2);
    assert.match(stderr, words);
  }
});
