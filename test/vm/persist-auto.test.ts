/** A machine that saves by itself: by its timer and at shutdown; with a medium that is gone, hangs or is full it powers off all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Vm } from './harness.js';
import { bootAgain, resume } from './saved.js';

const LONG = process.env.MKMA_TEST_LONG === '1';
/** Seconds for the save, and for all of a shutdown of a slow machine beside it. */
const LIMIT = 20;
const SHUTDOWN = 60;

/** Turns the machine off; returns the seconds that it took. */
async function shutDown(vm: Vm): Promise<number> {
  const start = performance.now();
  assert.equal(await vm.powerOff('systemctl poweroff', 400), 0);
  return (performance.now() - start) / 1000;
}

/** Tells QEMU's monitor something, behind the keys Ctrl-A C (qemu(1), "mon:stdio"). */
function tellMonitor(vm: Vm, command: string): void {
  vm.press('\x01c');
  vm.type(command);
  vm.press('\x01c');
}

async function lastSession(vm: Vm): Promise<{ readonly ended?: string; readonly why?: string } | undefined> {
  return (await vm.status()).lastSession;
}

test('changes are saved by the timer and at shutdown, the history of the last session among them', async (t) => {
  const resumed = await resume();
  const { disk } = resumed;
  {
    await using vm = resumed.vm;
    await vm.ask(
      `mkdir -p /etc/mkma; printf '[auto]\\nevery 1s\\nshutdown-limit ${LIMIT}s\\n' >/etc/mkma/persist.rules`,
    );
    await vm.ask('systemctl enable --now mkma-persist.timer mkma-persist-shutdown.service');
    await vm.ask('echo timer >/root/by-timer; mkdir -p /root/.cache; echo no >/root/.cache/no');
    await vm.ask('systemctl start mkma-persist.service', 200);
    assert.match(
      await vm.ask('journalctl --no-pager --quiet --output=cat --unit=mkma-persist.service'),
      /^saved \d+ changes as persistence\.\w+_auto\.cpio\.zst: .*\(every 1 s\); /m,
    );
    const { auto } = await vm.status();
    assert.deepEqual([auto.timer, auto.shutdown, auto.last?.outcome], [true, true, 'saved']);
    // A service that writes when it is stopped, and a session whose shell does.
    await vm.ask(
      `systemd-run --quiet --unit=writer --property=ExecStop='/bin/sh -c "sleep 2; echo late >/root/by-service"' sleep infinity`,
    );
    // What belongs to the terminal alone, and takes its time.
    await vm.ask(
      `(trap '' TERM; trap 'sleep 1; echo hung up >/root/by-terminal; exit' HUP; while :; do sleep 0.1; done) >/dev/null 2>&1 & :`,
    );
    await vm.ask(
      'echo shutdown >/root/by-shutdown; HISTFILE=/root/.bash_history; history -s typed-at-the-end',
    );
    t.diagnostic(`powered off after ${(await shutDown(vm)).toFixed(0)} s`);
    assert.match(vm.transcript, /saved \d+ changes as persistence\.\w+_auto\.cpio\.zst/);
  }
  {
    await using vm = await bootAgain(disk);
    assert.equal(
      await vm.ask(
        'cat /root/by-timer /root/by-shutdown /root/by-service /root/by-terminal; grep typed /root/.bash_history; ls /root/.cache 2>&1 | head -n1',
      ),
      "timer\nshutdown\nlate\nhung up\ntyped-at-the-end\nls: cannot access '/root/.cache': No such file or directory",
    );
    assert.equal(await lastSession(vm), undefined);
    // The medium is pulled before the shutdown.
    await vm.ask('systemctl start mkma-persist.service', 200);
    await vm.ask('echo lost >/root/lost; echo 1 >"$(readlink -f /sys/block/vd?/device/..)/remove"');
    const seconds = await shutDown(vm);
    t.diagnostic(`without a medium: powered off after ${seconds.toFixed(0)} s`);
    assert.ok(seconds < LIMIT + SHUTDOWN, `${seconds} s`);
    assert.match(vm.transcript, /the storage device is missing/);
    assert.match(vm.transcript, /mkma: the changes since the last save are lost/);
  }
  {
    await using vm = await bootAgain(disk);
    assert.match(
      vm.transcript,
      /mkma: warning: the last session, from .* UTC: changes after .* UTC were not saved/,
    );
    assert.equal((await lastSession(vm))?.ended, 'open');
    await vm.ask('test -e /root/by-timer && test ! -e /root/lost');
    // The medium hangs: one byte a second.
    await vm.ask('echo lost >/root/lost; sync');
    tellMonitor(vm, 'block_set_io_throttle disk0 1 0 0 0 0 0');
    const seconds = await shutDown(vm);
    t.diagnostic(`with a medium that hangs: powered off after ${seconds.toFixed(0)} s`);
    assert.ok(seconds < LIMIT + SHUTDOWN, `${seconds} s`);
    assert.match(vm.transcript, new RegExp(`are lost: saving took more than ${LIMIT} s`));
  }
  if (!LONG) return;
  {
    await using vm = await bootAgain(disk);
    assert.equal((await lastSession(vm))?.ended, 'open');
    await vm.ask('mkdir -p /run/disk; mount LABEL=layers /run/disk; cd /run/disk/images');
    await vm.ask("fallocate -l $(($(stat -f -c '%f*%S' .) - 8192)) filling; cd; umount /run/disk");
    await vm.ask('head -c 5M /dev/urandom >/root/lost');
    const seconds = await shutDown(vm);
    t.diagnostic(`with a medium that is full: powered off after ${seconds.toFixed(0)} s`);
    assert.ok(seconds < LIMIT + SHUTDOWN, `${seconds} s`);
  }
  await using vm = await bootAgain(disk);
  t.diagnostic(JSON.stringify((await lastSession(vm)) ?? 'nothing lost'));
  assert.notEqual(await lastSession(vm), undefined);
  await vm.ask('test ! -e /root/lost');
});
