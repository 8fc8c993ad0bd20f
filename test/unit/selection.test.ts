/** What the words after test/run mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formsFor, readSelection, type Selection, selectTests, sharesProcess } from '../selection.js';

const PATHS = [
  ...[
    'vm/machine-tests.test.js',
    'vm/status.test.js',
    'cli/erofs.test.js',
    'cli/cli.js',
    'with/erofs/vm/machine-tests.test.js',
  ],
  ...['long/disk-exfat.test.js', 'unit/a.test.js'],
];

function read(...args: string[]): Selection {
  const selection = readSelection(args);
  assert.ok(typeof selection !== 'string', String(selection));
  return selection;
}

/** The tests that a command line means. */
function meant(...args: string[]): string[] {
  return selectTests(PATHS, read(...args));
}

test('words select files by their paths, whatever they are', () => {
  assert.deepEqual(meant('erofs'), ['cli/erofs.test.js']);
  assert.deepEqual(meant('machine', 'cli'), ['vm/machine-tests.test.js', 'cli/erofs.test.js']);
  assert.deepEqual(meant('nothing'), []);
});

test('without words: the short suite, machines first; with --all what is long as well, which words name too', () => {
  const short = ['vm/machine-tests.test.js', 'vm/status.test.js', 'unit/a.test.js', 'cli/erofs.test.js'];
  assert.deepEqual(meant(), short);
  assert.deepEqual(meant('--all').toSorted(), [...short, 'long/disk-exfat.test.js'].toSorted());
  assert.deepEqual(meant('exfat'), ['long/disk-exfat.test.js']);
});

test('machines boot the form that loads faster, one of them the other; both where it matters, or the one that is asked for', () => {
  const forms = (path: string, ...args: string[]) => formsFor(path, read(...args)).join(' ');
  assert.equal(forms('vm/layers.test.js'), 'cpio');
  assert.equal(forms('vm/layers.test.js', '--all'), 'cpio erofs');
  assert.equal(forms('vm/machine-tests.test.js', '--all'), 'erofs');
  assert.equal(forms('vm/status.test.js'), 'erofs');
  assert.equal(forms('vm/status.test.js', '--all'), 'cpio erofs');
  assert.equal(forms('long/disk-exfat.test.js', '--all'), 'erofs');
  assert.equal(forms('vm/machine-tests.test.js', '--form=cpio'), 'cpio');
});

test('what is no option is refused', () => {
  assert.equal(readSelection(['--form=squashfs']), '--form=squashfs: there is cpio and erofs');
  assert.match(String(readSelection(['--from=cpio'])), /Unknown option '--from'/);
});

test('what changes its process, or has hooks for all tests in it, runs alone', () => {
  assert.ok(sharesProcess("test('a', () => {\n  after(() => undefined);\n});\n"));
  for (const code of [
    '\nbeforeEach(() => {',
    "\nafter(() => rmSync('x'));",
    "process.env.PATH = 'x';",
    "process.chdir('/')",
  ]) {
    assert.ok(!sharesProcess(code), code);
  }
});
