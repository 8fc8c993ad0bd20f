/** Packages and users that come and go in a booted machine, saved, with layers dropped in between: as the native rounds, three of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  accountOf,
  dependsOf,
  filesOf,
  generate,
  NAMES,
  type Name,
  VERSIONS,
} from '../cli/packages/generate.js';
import { Chance } from '../cli/persist/random.js';
import type { Vm } from '../vm/harness.js';
import { bootAgain, resume } from '../vm/saved.js';
import { putScript } from '../vm/script.js';

const ROUNDS = 3;

type Installed = Map<Name, number>;

/** The packages' files in /run/debs of the machine. */
async function putPackages(vm: Vm): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-debs-'));
  generate(folder);
  const packed = execFileSync('tar', ['-cz', '-C', folder, '.'], { encoding: 'base64' });
  rmSync(folder, { recursive: true });
  await putScript(
    vm,
    '/run/unpack',
    `mkdir -p /run/debs; base64 -d <<'END' | tar -xz -C /run/debs\n${packed}\nEND\n`,
  );
  await vm.ask('sh /run/unpack');
}

const deb = (name: string, version: number): string => `/run/debs/${name}_${version}_all.deb`;

/** One to three changes by dpkg, and sometimes a user. */
async function change(vm: Vm, chance: Chance, installed: Installed, users: Set<string>): Promise<void> {
  for (let i = 1 + chance.number(3); i > 0; i--) {
    const name = chance.pick(NAMES);
    if (installed.has(name) && chance.number(3) === 0) {
      const gone = NAMES.filter(
        (one) => installed.has(one) && (one === name || dependsOf(one).includes(name)),
      );
      await vm.ask(`dpkg --purge ${gone.join(' ')} >/dev/null 2>/run/said || { cat /run/said; false; }`, 200);
      for (const one of gone) installed.delete(one);
      continue;
    }
    const all = [...dependsOf(name).filter((one) => !installed.has(one)), name].map(
      (one) => [one, chance.pick(VERSIONS)] as const,
    );
    const files = all.map(([one, version]) => deb(one, version)).join(' ');
    await vm.ask(`dpkg --install ${files} >/dev/null 2>/run/said || { cat /run/said; false; }`, 200);
    for (const [one, version] of all) installed.set(one, version);
  }
  if (chance.number(2) === 0) return;
  const user = `user${users.size}`;
  await vm.ask(`useradd --create-home ${user}`, 100);
  users.add(user);
}

async function check(vm: Vm, installed: Installed, users: ReadonlySet<string>): Promise<void> {
  assert.doesNotMatch(vm.transcript, /LEFT OUT/);
  assert.equal(await vm.ask('dpkg --audit; apt-get check -q=2', 200), '');
  const listed = await vm.ask("dpkg --list 'gen-[a-f]' 2>/dev/null | awk '$1 == \"ii\" { print $2, $3 }'");
  const wanted = [...installed].map(([name, version]) => `${name} ${version}`).sort();
  assert.deepEqual(listed === '' ? [] : listed.split('\n').sort(), wanted);
  assert.equal(await vm.ask(`dpkg --verify gen-common ${[...installed.keys()].join(' ')}`, 100), '');
  const files = [...installed].flatMap(([name, version]) => [...filesOf(name, version)]);
  const shown = await vm.ask(`cat /dev/null ${files.map(([path]) => `/${path}`).join(' ')}`);
  assert.equal(`${shown}\n`.trimStart(), files.map(([, text]) => text).join(''));
  const own = files.map(([path]) => `/${path}`).filter((path) => path.startsWith('/usr/share/gen/'));
  const shared = installed.has('gen-d') ? '/usr/share/gen/shared.real' : '/usr/share/gen/shared';
  assert.deepEqual(
    (await vm.ask('find /usr/share/gen ! -type d | sort')).split('\n'),
    [...own, shared].sort(),
  );
  for (const name of installed.keys()) {
    const account = accountOf(name);
    if (account !== undefined)
      assert.equal(await vm.ask(`stat -c %U:%G /var/lib/gen/${name}/data`), `${account}:${account}`);
  }
  for (const user of users)
    assert.equal(
      await vm.ask(`stat -c %U:%G /home/${user} /home/${user}/.bashrc`),
      `${user}:${user}\n${user}:${user}`,
    );
  if (installed.size > 0) {
    const best = await vm.ask("update-alternatives --query gen | sed -n 's/^Best: //p'");
    assert.equal(await vm.ask('readlink /etc/alternatives/gen'), best);
  }
}

test(`${ROUNDS} rounds of packages and users in a machine: each boot shows what was chosen, and dpkg has no complaint`, async (context) => {
  const seed = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);
  context.diagnostic(`MKMA_TEST_SEED=${seed}`);
  const chance = new Chance(seed);
  let installed: Installed = new Map();
  let users = new Set<string>();
  /** What there was before each layer, by its name; the first has the common package. */
  const layers: string[] = [];
  const { vm: fresh, disk } = await resume();
  let vm = fresh;
  const save = async (): Promise<void> => {
    const format = chance.pick(['cpio', 'erofs']);
    const said = await vm.ask(`mkma persist --all --level 1 --format ${format} 2>&1`, 400);
    layers.push(/^saved .* as persistence\.(\w+)\./m.exec(said)?.[1] ?? assert.fail(said));
  };
  const reboot = async (): Promise<void> => {
    assert.equal(await vm.powerOff(), 0);
    await vm[Symbol.asyncDispose]();
    vm = await bootAgain(disk);
    await putPackages(vm);
  };
  try {
    await putPackages(vm);
    await vm.ask(`dpkg --install ${deb('gen-common', 1)} >/dev/null`, 200);
    await save();
    for (let round = 1; round <= ROUNDS; round++) {
      const before = [new Map(installed), new Set(users)] as const;
      await change(vm, chance, installed, users);
      await vm.ask('sleep 0.3');
      await save();
      await reboot();
      await check(vm, installed, users);
      assert.match(await vm.ask('mkma persist --all --dry-run', 300), /nothing/);
      if (chance.number(2) > 0) continue;
      // Without the last of them, all is as it was.
      await vm.ask(`mkma layers drop --force ${layers.pop()}`, 100);
      [installed, users] = before;
      await reboot();
      await check(vm, installed, users);
    }
  } finally {
    await vm[Symbol.asyncDispose]();
  }
});
