/** A save of a whole machine holds one moment; and whatever of mkma is killed meanwhile, the machine goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootAgain, resume } from './saved.js';

/**
 * Writes what belongs together into two files that it has open all the time: a line into the first, flushed, then the same into the
 * second, flushed. At any moment the first has as many lines as the second, or one more.
 */
const WRITER = `use IO::Handle; open(my $a, ">>", "/srv/first") or die; open(my $b, ">>", "/srv/second") or die;
for (my $n = 1; ; $n++) { for my $f ($a, $b) { print $f "$n\\n"; $f->flush; $f->sync; } }`;

const JOURNAL = '/etc/systemd/journald.conf.d';

/** Waits, where nothing is frozen, until the machine's services stand still, and kills $1. */
const KILLER = `echo $$ >/sys/fs/cgroup/init.scope/cgroup.procs
until grep -q "frozen 1" /sys/fs/cgroup/system.slice/cgroup.events; do sleep 0.02; done
pkill -KILL -f "$1"; echo killed >/run/killed`;

test('programs, the journal among them, stand still while a save looks; killed meanwhile, it lets them go on', async (context) => {
  const { vm: fresh, disk } = await resume();
  let before = 0;
  {
    await using vm = fresh;
    // A machine's journal is in RAM otherwise.
    await vm.ask(`mkdir -p ${JOURNAL}; printf '[Journal]\\nStorage=persistent\\n' >${JOURNAL}/z.conf`);
    await vm.ask('systemctl restart systemd-journald && journalctl --flush', 100);
    await vm.ask(`printf '%s' '${WRITER}' >/run/writer.pl; printf '%s' '${KILLER}' >/run/killer.sh`);
    await vm.ask('systemd-run --quiet --unit=writer perl /run/writer.pl', 100);
    await vm.ask('systemd-run --quiet --unit=words sh -c "while :; do logger word; done"', 100);
    // An emulated processor takes a second for what another does in a hundredth.
    for (const victim of ['/usr/lib/mkma/[m]kma.js', '/usr/lib/mkma/[s]till.js$']) {
      await vm.ask(`rm -f /run/killed; setsid sh /run/killer.sh '${victim}' >/dev/null 2>&1 & :`);
      await vm.ask('mkma persist --all --ignore-rules --level 1 --max-freeze 30s >/run/said 2>&1; :', 300);
      assert.equal(await vm.ask('cat /run/killed || cat /run/said; :'), 'killed');
      await grows(vm);
    }
    before = Number(await vm.ask('tail -n 1 /srv/second'));
    const said = await vm.ask(
      'mkma persist --all --ignore-rules --level 1 --max-freeze 30s 2>&1; echo "exit code $?"',
      300,
    );
    assert.match(said, /^programs stood still for \d\.\d\d s\nsaved \d+ changes /m);
    assert.match(said, /^exit code 0$/m);
    await grows(vm);
    assert.equal(await vm.ask('ls -d /sys/fs/cgroup/mkma-* 2>/dev/null; systemctl --failed --quiet'), '');
    assert.equal(await vm.powerOff(), 0);
    context.diagnostic(/programs stood still.*/.exec(said)?.[0] ?? '');
  }
  await using vm = await bootAgain(disk);
  const [first, second] = (await vm.ask('wc -l </srv/first; wc -l </srv/second')).split('\n').map(Number);
  assert.ok(first === second || first === (second as number) + 1, `${first} and ${second} lines`);
  assert.equal(
    await vm.ask('cmp -n $(stat -c %s /srv/second) /srv/first /srv/second && tail -c 1 /srv/second'),
    '',
  );
  assert.ok(Number(await vm.ask('tail -n 1 /srv/second')) >= before);
  // What of it was written last is as after a power cut: complete entries, in files that were not closed.
  assert.match(await vm.ask('journalctl --verify 2>&1; echo "exit code $?"', 100), /exit code 0/);
  // Of all machines: this boot has another machine-id, since no identity was saved.
  assert.match(await vm.ask('journalctl --merge --identifier=root --lines=1 --output=cat', 100), /^word$/);
});

/** The writer goes on. */
async function grows(vm: Awaited<ReturnType<typeof bootAgain>>): Promise<void> {
  const length = 'wc -l </srv/second';
  const [then, now] = (await vm.ask(`${length}; sleep 2; ${length}`, 60)).split('\n').map(Number);
  assert.ok((now as number) > (then as number), `${then}, then ${now} lines`);
}
