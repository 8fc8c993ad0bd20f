/** A definition's tests in a booted machine: each way in which one can end, and what is told of it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { BootTimes } from '../../src/core/boot/record.js';
import { FAST } from './fast.js';
import { BASE, imagesFolder, mkma } from './harness.js';

/** Lines count: results name them. */
const DEFINITION = `import assert from 'node:assert/strict';
import { defineMachine } from 'mkma';

interface Seen {
  readonly pid: string;
}
let seen: Seen = { pid: '' };

export default defineMachine({
  extends: ['console'],
  tests: [
    {
      name: 'commands are run, and told byte for byte',
      async run(guest) {
        const word = 'a \\\\ "b" $HOME \\'c\\' \\t ü\\n second line ';
        await guest.ok("cat >/run/word <<'END'\\n" + word + '\\nEND');
        assert.equal(await guest.read('/run/word'), word + '\\n');
        const both = await guest.run('echo out; echo err >&2; exit 7');
        assert.deepEqual(both, { exitCode: 7, stdout: 'out\\n', stderr: 'err\\n' });
        assert.equal(await guest.ok('id -u; echo $HOME; pwd'), '0\\n/root\\n/');
        const long = 'x'.repeat(20000);
        assert.equal(await guest.ok('printf %s ' + long), long);
        const [one, two] = await Promise.all([guest.ok('echo one'), guest.ok('echo two')]);
        assert.deepEqual([one, two], ['one', 'two']);
      },
    },
    {
      name: 'units and ports are waited for',
      async run(guest) {
        await guest.waitForUnit('systemd-journald');
        await guest.ok("printf '[Socket]\\\\nListenStream=127.0.0.1:4711\\\\nAccept=yes\\\\n' >/run/systemd/system/probe.socket");
        await guest.ok("printf '[Service]\\\\nExecStart=true\\\\n' >/run/systemd/system/probe@.service");
        await guest.ok('systemctl daemon-reload && (sleep 2; systemctl start probe.socket) >/dev/null 2>&1 &');
        await guest.waitForPort(4711);
        await assert.rejects(guest.waitForPort(4712, { timeout: 2 }), /nothing listens on TCP port 4712 after 2 seconds/);
        await assert.rejects(guest.waitForUnit('nowhere', { timeout: 2 }), /nowhere is not active[^]*LoadState=not-found/);
      },
    },
    {
      name: 'its screen is seen, and its keyboard typed on',
      async run(guest) {
        const picture = await guest.waitForPixels((screen) => screen.colours() > 1);
        assert.ok(picture.width >= 640 && picture.share([0, 0, 0]) > 0.5);
        await guest.type('echo "Typed: y-z" >/run/typed\\n');
        await guest.ok('until test -s /run/typed; do sleep 1; done', { timeout: 120 });
        assert.equal(await guest.read('/run/typed'), 'Typed: y-z\\n');
        assert.throws(() => picture.at(-1, 0), RangeError);
        await assert.rejects(guest.keys('hyper+x'), /no keyboard has a key "hyper"/);
        await assert.rejects(guest.waitForWindow({ app: 'foot' }, { timeout: 1 }), /no window with the app foot after 1 seconds: no windows/);
      },
    },
    {
      name: 'what is saved is there after a reboot',
      async run(guest) {
        await guest.ok('echo kept >/etc/kept; echo gone >/run/gone');
        await guest.persist('--all', '--level', '1');
        await guest.ok('echo lost >/etc/lost');
        const before = await guest.read('/proc/sys/kernel/random/boot_id');
        await guest.reboot();
        assert.notEqual(await guest.read('/proc/sys/kernel/random/boot_id'), before);
        assert.equal(await guest.read('/etc/kept'), 'kept\\n');
        assert.equal((await guest.run('ls /etc/lost /run/gone')).stdout, '');
        assert.match(await guest.ok('mkma layers list'), /^\\d{8}_\\d{6} .* applied$/m);
      },
    },
    {
      name: 'fails on purpose',
      async run(guest) {
        await guest.ok('echo the reason >&2; exit 3');
      },
    },
    {
      name: 'takes too long',
      timeout: 5,
      async run(guest) {
        seen = { pid: await guest.ok('echo $$') };
        await guest.ok('sleep 4321 & sleep 4321');
      },
    },
    {
      name: 'nothing is left of what took too long',
      async run(guest) {
        assert.ok(seen.pid !== '');
        assert.equal(await guest.ok('grep -lz ^4321 /proc/[0-9]*/cmdline || :'), '');
      },
    },
    { name: 'throws what is no error', run: () => Promise.reject('a word') },
    {
      name: 'forgets to wait',
      async run(guest) {
        guest.ok('sleep 300');
      },
    },
    {
      name: 'fails where nobody waits',
      async run() {
        Promise.reject(new TypeError('stray'));
        await new Promise(() => undefined);
      },
    },
    { name: 'ends the machine', run: (guest) => guest.ok('systemctl poweroff; sleep 300').then(() => undefined) },
    { name: 'comes too late', run: () => undefined },
  ],
});
`;

interface Outcome {
  name: string;
  ok: boolean;
  seconds: number;
  detail?: string;
  where?: string;
  picture?: string;
}

interface Verdict {
  boot: BootTimes;
  passed: boolean;
  checks: { name: string; ok: boolean; detail: string }[];
  tests: Outcome[];
  console: string;
}

describe("a definition's tests", () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-tests-'));
  const config = join(folder, 'mkma.config.ts');
  writeFileSync(config, DEFINITION);
  after(() => rmSync(folder, { recursive: true }));

  const run = async (...more: string[]) => {
    const images = ['--output', imagesFolder(), '--append', FAST];
    const { output, stderr, exitCode } = await mkma('test', '--json', '--config', config, ...images, ...more);
    assert.ok(output.startsWith('{'), `exit code ${exitCode}\n${stderr}\n${output}`);
    return { exitCode, verdict: JSON.parse(output) as Verdict, stderr };
  };
  const lineOf = (text: string) => DEFINITION.split('\n').findIndex((line) => line.includes(text)) + 1;

  test('each is run in the booted machine, and what failed is told with its reason and line', async () => {
    const junit = join(folder, 'results.xml');
    const { exitCode, verdict } = await run('--junit', junit);
    const told = JSON.stringify(verdict.tests, undefined, 1);
    assert.equal(exitCode, 1, told);
    assert.equal(verdict.passed, false);
    assert.deepEqual(
      verdict.checks.filter((check) => !check.ok),
      [],
    );
    const checked = verdict.checks.map(({ name }) => name);
    for (const name of ['system is running', 'storage released', 'root is an overlay', 'clean power off'])
      assert.ok(checked.includes(name), `no check "${name}" among: ${checked.join(', ')}`);
    const phases = verdict.boot.phases.map(({ phase }) => phase);
    assert.deepEqual(phases, ['mount', 'load', 'layers']);
    const names = verdict.tests.map(({ name }) => name);
    assert.deepEqual(
      names,
      [...DEFINITION.matchAll(/\bname: '(.*?)'/g)].map(([, name]) => name),
    );
    const failed = new Map(verdict.tests.filter(({ ok }) => !ok).map((one) => [one.name, one]));
    const reason = (name: string, expected: string, line: string): void => {
      const { where = '', detail } = failed.get(name) ?? ({} as Partial<Outcome>);
      assert.equal(detail, expected, told);
      assert.ok(where.endsWith(`mkma.config.ts:${lineOf(line)}`), `${where}: not line ${lineOf(line)}`);
      failed.delete(name);
    };
    reason(
      'fails on purpose',
      'echo the reason >&2; exit 3: exit code 3\nthe reason',
      "guest.ok('echo the reason",
    );
    const { picture = '' } = verdict.tests.find(({ name }) => name === 'fails on purpose') ?? {};
    assert.ok(picture.endsWith('/pictures/fails-on-purpose-1.png'), told);
    assert.equal(readFileSync(picture).toString('latin1', 1, 4), 'PNG');
    const slow = failed.get('takes too long');
    assert.ok(slow !== undefined && slow.seconds > 4.5 && slow.seconds < 60, told);
    // Where it is said: nothing was thrown.
    reason(
      'takes too long',
      'not done within 5 seconds; still running: sleep 4321 & sleep 4321',
      "name: 'takes too long'",
    );
    reason('throws what is no error', "it threw 'a word'", "name: 'throws what is no error'");
    reason(
      'forgets to wait',
      'it ended while this was still running: sleep 300\nis an await missing?',
      "name: 'forgets to wait'",
    );
    reason('fails where nobody waits', 'TypeError: stray', "new TypeError('stray')");
    reason('ends the machine', 'the machine ended', "name: 'ends the machine'");
    reason('comes too late', 'not run: the machine ended', "name: 'comes too late'");
    assert.deepEqual([...failed.values()], []);

    const xml = readFileSync(junit, 'utf8');
    assert.match(xml, /<testsuite name="checks" tests="16" failures="0"/);
    assert.match(xml, /<testsuite name="tests" tests="12" failures="7"/);
    assert.match(xml, /<failure message="echo the reason &gt;&amp;2; exit 3: exit code 3">/);
    // Both boots are in the console's file.
    assert.equal(readFileSync(verdict.console, 'utf8').match(/Linux version /g)?.length, 2);
  });

  // A boot of its own, to see that nothing was kept: the long suite has the time.
  if (process.env.MKMA_TEST_LONG === '1') {
    test('those that are chosen by name, on the same images: they pass, and nothing was kept', async () => {
      const images = imagesFolder();
      const before = statSync(join(images, BASE)).mtimeMs;
      const { exitCode, verdict, stderr } = await run('--test', 'commands', '--test', 'waited for');
      assert.equal(exitCode, 0, `${stderr}\n${JSON.stringify(verdict.tests, undefined, 1)}`);
      assert.equal(verdict.passed, true);
      assert.equal(verdict.tests.length, 2);
      assert.equal(statSync(join(images, BASE)).mtimeMs, before);
      assert.deepEqual(
        readdirSync(images).filter((name) => name.startsWith('persistence.')),
        [],
      );
      assert.ok(!existsSync(join(images, '.mkma', 'test', 'scratch')));
    });
  }
});
