/** The text of a definition to start from. Every commented line is valid once uncommented. */

/** The definition that extends a preset. `key`: a line of authorized_keys, of whoever is to log in. */
export function startingDefinition(preset: string, key?: string): string {
  if (preset === 'desktop') return DESKTOP;
  return `// The definition of a machine. \`mkma summary\` shows the resolved values; all fields: docs/reference/config.md of mkma.
import { defineMachine } from 'mkma';

export default defineMachine({
  // A preset; other definitions may follow: './shared.ts'. Lists below are appended to theirs.
  extends: ['${preset}'],
  hostname: '${preset === 'server' ? 'server' : 'box'}',

  // Names, versions ('nginx=1.26.3-3'), suites ('tool/sid'), or local files ('./tool.deb').
  packages: [
    // 'tmux',
  ],

  files: {
    '/etc/motd': 'A machine of my own.\\n',
    // '/usr/local/bin/hello': { content: '#!/bin/sh\\necho hello\\n', mode: '0755' },
    // '/etc/app': { from: './app' },
  },

${preset === 'server' ? serverUsers(key) : CONSOLE_USERS}
  // locale: 'de_DE.UTF-8',
  // keyboard: 'de',
  // timezone: 'Europe/Berlin',
${preset === 'server' ? SERVER : ''}
  // Keeps the system compressed in RAM: 165 MiB instead of 292 for the console machine, and early boot is
  // four times as fast.
  // format: 'erofs',

  tests: [
    {
      name: 'the greeting is in place',
      async run(guest) {
        const text = await guest.read('/etc/motd');
        if (!text.includes('my own')) throw new Error(\`found: \${text}\`);
      },
    },
  ],
});
`;
}

const CONSOLE_USERS = `  // Root is logged in on the local consoles; nothing listens on a network.
  users: {
    // anna: { groups: ['video'], sudo: 'nopasswd', autologin: ['tty2'] },
  },
`;

function serverUsers(key: string | undefined): string {
  const said = key === undefined ? 'Nobody can log in until you add a user' : 'Who can log in';
  const admin = `admin: { sudo: 'nopasswd', authorizedKeys: [${quoted(key ?? 'ssh-ed25519 AAAA... you@home')}] },`;
  return `  // ${said}: with a key over ssh, or on the local console.
  users: {
    ${key === undefined ? '// ' : ''}${admin}
    // root: { autologin: ['tty1', 'ttyS0'] },
  },
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const SERVER = `
  // services: { enable: ['nginx'] },
  // Ports on which it listens besides ssh; mkma test fails if it listens on others.
  // listen: [80],
`;

const DESKTOP = `// The definition of a desktop. \`mkma summary\` shows the resolved values; all fields: docs/reference/config.md of mkma.
import { defineMachine } from 'mkma';

export default defineMachine({
  extends: [
    {
      preset: 'desktop',
      with: {
        // The user is logged in automatically; the password is locked, and nothing asks for it. To set one:
        // password: { hashFile: './password' }, // (umask 077; openssl passwd -6 > password)
        user: 'me',
        // compositor: 'labwc',
        // browser: 'none',
        // terminal: 'alacritty',
        // bluetooth: false,
      },
    },
  ],
  hostname: 'desk',

  packages: [
    // 'tmux',
  ],

  files: {
    '/etc/motd': 'A machine of my own.\\n',
    // '/home/me/.config': { from: './config', owner: 'me:me' },
  },

  // locale: 'de_DE.UTF-8',
  // keyboard: 'de',
  // timezone: 'Europe/Berlin',

  tests: [
    {
      name: 'a key opens a terminal',
      timeout: 600,
      async run(guest) {
        await guest.waitForPixels((screen) => screen.colours() > 20, { timeout: 300 });
        await guest.keys('super+Return');
        await guest.waitForWindow({ app: 'foot' });
      },
    },
  ],
});
`;
