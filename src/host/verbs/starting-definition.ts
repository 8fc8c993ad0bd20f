/** The text of a definition to start from. Every line that is commented out is valid once it is not. */

/** The definition that builds upon a preset. `key`: a line of authorized_keys, of whoever is to get in. */
export function startingDefinition(preset: string, key?: string): string {
  if (preset === 'desktop') return DESKTOP;
  return `// The definition of a machine. \`mkma summary\` tells what it comes to; all fields: docs/reference/config.md of mkma.
import { defineMachine } from 'mkma';

export default defineMachine({
  // A preset, which may be followed by other definitions: './shared.ts'. Lists below are added to what it says.
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
  // Kept compressed in RAM: 165 MiB for the console machine instead of 292, early boot in a quarter of the time.
  // format: 'erofs',

  tests: [
    {
      name: 'the greeting is there',
      async run(guest) {
        const text = await guest.read('/etc/motd');
        if (!text.includes('my own')) throw new Error(\`it says: \${text}\`);
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
  const said = key === undefined ? 'Nobody gets in until you say who' : 'Who gets in';
  const admin = `admin: { sudo: 'nopasswd', authorizedKeys: [${quoted(key ?? 'ssh-ed25519 AAAA... you@home')}] },`;
  return `  // ${said}: by key over ssh, or on the local console.
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
  // The ports that others may hear it on, besides ssh; mkma test holds it to that.
  // listen: [80],
`;

const DESKTOP = `// The definition of a desktop. \`mkma summary\` shows the resolved values; all fields: docs/reference/config.md of mkma.
import { defineMachine } from 'mkma';

export default defineMachine({
  extends: [
    {
      preset: 'desktop',
      with: {
        // Logged in by itself, with a locked password: nothing asks for one. With a password everything does:
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
