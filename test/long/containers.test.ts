/** Containers run in a booted machine whose definition only names podman, and nothing of them gets into a snapshot. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporary } from '../cli/cli.js';
import { tryDefinition } from '../vm/example.js';

const OCI = fileURLToPath(new URL('../vm/oci.js', import.meta.url));
const TESTS = [
  ...['the stores are RAM volumes', 'root runs containers', "root's containers serve and find each other"],
  ...[
    'a user runs containers',
    "a user's containers serve",
    'a user builds an image',
    'a snapshot has nothing of it',
  ],
];

const DEFINITION = `import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { defineMachine, replace } from 'mkma';
import { busyboxFiles, writeOciImage } from ${JSON.stringify(OCI)};

const IMAGE = 'oci:/srv/image';
const ADA = { user: 'ada' };
const SERVE = "'mkdir /www; echo served >/www/page; exec httpd -f -p 80 -h /www'";
const ASK = (url) => 'for i in 1 2 3 4 5 6 7 8 9 10; do busybox wget -qO- ' + url + ' && exit; sleep 1; done; exit 1';
const [STORES, ROOT, SERVES, USER, USER_SERVES, BUILDS, SNAPSHOT] = ${JSON.stringify(TESTS)};

/** What holds for the containers of root and of a user alike. */
async function runs(guest, who, rootless) {
  assert.equal(await guest.ok('podman run --rm ' + IMAGE + ' echo it runs', who), 'it runs');
  // A file of the image is removed, one is made: both in the upper directory of the container's overlay.
  const changes = 'rm /bin/cat && touch /new && test ! -e /bin/cat && ls / && id -u';
  const seen = (await guest.ok('podman run --rm ' + IMAGE + " sh -c '" + changes + "'", who)).split('\\n');
  assert.ok(seen.includes('new') && seen.at(-1) === '0', seen.join(' '));
  const format = '{{.Store.GraphDriverName}} {{index .Store.GraphStatus "Backing Filesystem"}} {{.Host.CgroupManager}} {{.Host.Security.Rootless}}';
  assert.equal(await guest.ok("podman info --format '" + format + "'", who), 'overlay tmpfs systemd ' + rootless);
  const limits = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max';
  const limited = 'podman run --rm --memory 64m --pids-limit 99 ' + IMAGE + " sh -c '" + limits + "'";
  assert.equal(await guest.ok(limited, who), '67108864\\n99');
}

/** A port that is forwarded to this machine's loopback. */
async function serves(guest, who, port, more = '') {
  await guest.ok('podman run -d --name web ' + more + ' -p 127.0.0.1:' + port + ':80 ' + IMAGE + ' sh -c ' + SERVE, who);
  assert.equal(await guest.ok(ASK('http://127.0.0.1:' + port + '/page'), who), 'served');
}

export default defineMachine({
  hostname: 'containers',
  format: 'erofs',
  packages: ['podman', 'busybox-static'],
  users: { root: { autologin: replace(['ttyS0']) }, ada: { autologin: ['tty1'] } },
  hooks: [
    {
      at: 'system',
      run: ({ root }) => {
        const applets = ['sh', 'cat', 'echo', 'httpd', 'id', 'ls', 'mkdir', 'rm', 'sleep', 'touch', 'wget'];
        writeOciImage(root + '/srv/image', busyboxFiles(readFileSync(root + '/usr/bin/busybox'), applets));
      },
      on: 'host',
    },
  ],
  tests: [
    {
      name: STORES,
      async run(guest) {
        const found = await guest.ok('findmnt -nrt tmpfs -o TARGET,OPTIONS');
        for (const store of ['/var/lib/containers', '/home/ada/.local/share/containers']) {
          assert.ok(found.split('\\n').some((line) => line.startsWith(store + ' ')), found);
        }
        const owners = 'stat -c "%U %a" /var/lib/containers /home/ada/.local/share/containers /home/ada/.local';
        assert.equal(await guest.ok(owners), 'root 755\\nada 700\\nada 755');
      },
    },
    { name: ROOT, timeout: 900, run: (guest) => runs(guest, {}, false) },
    {
      name: SERVES,
      timeout: 900,
      async run(guest) {
        await guest.ok('podman network create own');
        await serves(guest, {}, 8080, '--network own');
        const asked = await guest.ok('podman run --rm --network own ' + IMAGE + ' wget -qO- http://web/page');
        assert.equal(asked, 'served');
      },
    },
    { name: USER, timeout: 900, run: (guest) => runs(guest, ADA, true) },
    { name: USER_SERVES, timeout: 900, run: (guest) => serves(guest, ADA, 8081) },
    {
      name: BUILDS,
      timeout: 900,
      async run(guest) {
        const file = 'FROM ' + IMAGE + '\\\\nRUN echo built >/built\\\\n';
        await guest.ok("mkdir -p context && printf '" + file + "' >context/Containerfile && podman build -t own context", ADA);
        assert.equal(await guest.ok('podman run --rm own cat /built', ADA), 'built');
      },
    },
    {
      name: SNAPSHOT,
      timeout: 900,
      async run(guest) {
        // The store is not empty, and what else the user wrote is in the list.
        assert.notEqual(await guest.ok('ls /var/lib/containers/storage/overlay-images/'), '');
        const listed = await guest.ok('mkma persist --dry-run --all --expand');
        assert.match(listed, /^new +.* \\/home\\/ada\\/context\\/Containerfile$/m);
        assert.doesNotMatch(listed, /\\/var\\/lib\\/containers|share\\/containers/);
      },
    },
  ],
});
`;

test('containers run as root and as a user, with a store on RAM volumes', async () => {
  using folder = temporary();
  const config = join(folder.path, 'mkma.config.ts');
  writeFileSync(config, DEFINITION);
  await tryDefinition(config, 'containers', TESTS);
});
