/** What a machine contains besides packages: files, users, locale, services. */
import { z } from 'zod';
import { fetched, hostPath, machinePath, mode, owner, terminal, unitName, userName } from './words.js';

const rights = {
  mode: mode.optional().describe('Permissions in octal. Default: 0644; of copied files, unchanged.'),
  owner: owner.optional().describe('USER or USER:GROUP, names or numbers in the machine. Default: root.'),
};

const file = z
  .union(
    [
      z.string(),
      z.strictObject({ content: z.string().describe('Contents of the file.'), ...rights }),
      z.strictObject({
        from: hostPath.describe('A file or folder of this host; a folder is copied with its contents.'),
        values: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
          .optional()
          .describe('Values for a template: {{name}} in the file is replaced by the value of that name.'),
        ...rights,
      }),
      z.strictObject({ ...fetched, ...rights }),
      z.strictObject({ link: z.string().min(1).describe('Target of the symbolic link.') }),
      z.strictObject({ folder: z.literal(true).describe('Create a folder, unless it exists.'), ...rights }),
      z.strictObject({ remove: z.literal(true).describe('Remove the file or folder at this path.') }),
    ],
    'must be text, or one of { content }, { from }, { url, sha256 }, { link }, { folder: true }, { remove: true }',
  )
  .describe('A file: its text, or its source.');

export const password = z
  .union(
    [
      z.enum(['locked', 'empty']),
      z.strictObject({
        hash: z
          .string()
          .regex(/^\$[0-9a-z]+\$[^:\s]+$/, 'must be a hash as mkpasswd prints it, which begins with $')
          .describe('A hash as mkpasswd or openssl passwd -6 prints it.'),
      }),
      z.strictObject({
        hashFile: hostPath.describe(
          'A file whose first line is such a hash, which keeps it out of the definition.',
        ),
      }),
    ],
    'must be "locked", "empty", { hash } or { hashFile }',
  )
  .describe(
    'locked: no password is accepted. empty: no password is required, which is refused if anything accepts network logins.',
  );

const user = z
  .strictObject({
    uid: z.number().int().min(0).max(60_000).optional().describe('User ID. Default: the next free one.'),
    system: z
      .boolean()
      .default(false)
      .describe('A system user: a low user ID, and no home unless home names one.'),
    fullName: z
      .string()
      .regex(/^[^:\n]*$/, 'must not contain : or a line break')
      .optional()
      .describe('Full name.'),
    groups: z.array(userName).default([]).describe('Additional groups; missing ones are created.'),
    shell: machinePath
      .optional()
      .describe('Login shell. Default: /bin/bash; for a system user, /usr/sbin/nologin.'),
    home: machinePath.optional().describe('Home folder. Default: /home/NAME.'),
    password: password.default('locked'),
    authorizedKeys: z
      .array(
        z.union(
          [
            z
              .string()
              .regex(/^(ssh-|ecdsa-|sk-)\S+ \S+/, 'must be a public key as in authorized_keys, or { file }'),
            z.strictObject({ file: hostPath.describe('A file with one or more public keys.') }),
          ],
          'must be a public key as in authorized_keys, or { file }',
        ),
      )
      .default([])
      .describe('SSH public keys with which the user logs in.'),
    autologin: z
      .array(terminal)
      .default([])
      .describe('Terminals on which the user is logged in automatically.'),
    sudo: z
      .union([z.boolean(), z.literal('nopasswd')], 'must be true, false or "nopasswd"')
      .default(false)
      .describe(
        'Whether the user may become root with sudo: true asks for the password, "nopasswd" does not.',
      ),
  })
  .describe('A user.');

const units = z.array(unitName).default([]);

export const content = {
  files: z
    .record(machinePath, file)
    .default({})
    .describe(
      'Files by path in the machine. They are placed after the packages, in the order of their paths.',
    ),
  users: z
    .record(userName, user)
    .default({})
    .describe('Users by name. root always exists; its password is locked by default.'),
  locale: z
    .string()
    .regex(/^[A-Za-z_@.0-9-]+$/, 'must be a locale, such as de_DE.UTF-8')
    .default('C.UTF-8')
    .describe('Locale of the system, such as de_DE.UTF-8.'),
  locales: z
    .array(z.string().regex(/^[A-Za-z_@.0-9-]+$/, 'must be a locale, such as de_DE.UTF-8'))
    .default([])
    .describe('Additional locales to generate.'),
  keyboard: z
    .union(
      [
        z.string().regex(/^[a-z]{2,}[a-z,]*$/, 'must be a layout, such as "de"'),
        z.strictObject({
          layout: z.string().min(1).describe('Layout, such as "de" or "us,ru".'),
          model: z.string().default('pc105').describe('Model of the keyboard.'),
          variant: z.string().default('').describe('Variant, such as "nodeadkeys".'),
          options: z.string().default('').describe('Options, such as "ctrl:nocaps".'),
        }),
      ],
      'must be a layout, such as "de", or { layout, model, variant, options }',
    )
    .optional()
    .describe(
      'Keyboard of the text consoles and of X and Wayland (keyboard(5)). Default: us, the layout of the kernel.',
    ),
  timezone: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'must be a time zone, such as Europe/Berlin')
    .default('Etc/UTC')
    .describe('Time zone, such as Europe/Berlin.'),
  services: z
    .strictObject({
      enable: units.describe('Units that start at boot.'),
      disable: units.describe('Units that do not start at boot, even if their package enables them.'),
      mask: units.describe('Units that cannot be started.'),
    })
    .prefault({})
    .describe('Units of systemd; a name without a suffix is a service.'),
  listen: z
    .array(z.number().int().min(1).max(65_535))
    .default([])
    .describe(
      'Ports (TCP and UDP) on which the machine listens on a network. mkma test fails if anything listens on any other port.',
    ),
  sysctl: z
    .record(
      z
        .string()
        .regex(/^[a-z0-9_]+([./][A-Za-z0-9_.*-]+)+$/, 'must be a kernel parameter, such as vm.swappiness'),
      z.union([z.string(), z.number()]),
    )
    .default({})
    .describe('Kernel parameters set at boot (sysctl.d(5)).'),
};
