/** What is in a machine besides packages: files, users, names of places, services. */
import { z } from 'zod';
import { hostPath, machinePath, mode, owner, terminal, unitName, userName } from './words.js';

const rights = {
  mode: mode.optional().describe('Permissions in octal. Default: 0644; of what is copied: as it is.'),
  owner: owner.optional().describe('user or user:group, by the names in the machine. Default: root.'),
};

const file = z
  .union(
    [
      z.string(),
      z.strictObject({ content: z.string().describe('The text.'), ...rights }),
      z.strictObject({
        from: hostPath.describe('A file or folder of this host; a folder is copied with all that it holds.'),
        values: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
          .optional()
          .describe('Makes the file a template: {{name}} is replaced by the value of that name.'),
        ...rights,
      }),
      z.strictObject({ link: z.string().min(1).describe('What the symbolic link points to.') }),
      z.strictObject({ folder: z.literal(true).describe('An empty folder, unless it is there.'), ...rights }),
      z.strictObject({ remove: z.literal(true).describe('Remove what is there.') }),
    ],
    'must be text, or one of { content }, { from }, { link }, { folder: true }, { remove: true }',
  )
  .describe('A file: its text, or where it comes from.');

export const password = z
  .union(
    [
      z.enum(['locked', 'empty']),
      z.strictObject({
        hash: z
          .string()
          .regex(/^\$[0-9a-z]+\$[^:\s]+$/, 'must be a hash as of mkpasswd (it begins with $)')
          .describe('A hash as mkpasswd and openssl passwd -6 make them.'),
      }),
      z.strictObject({
        hashFile: hostPath.describe(
          'A file whose first line is such a hash: so it need not be in the definition.',
        ),
      }),
    ],
    'must be "locked", "empty", { hash } or { hashFile }',
  )
  .describe('locked: none fits. empty: none is asked for, which is refused where there is a network login.');

const user = z
  .strictObject({
    uid: z.number().int().min(0).max(60_000).optional().describe('Its number. Default: the next free one.'),
    system: z
      .boolean()
      .default(false)
      .describe('A system user: a low number, and no home unless one is named.'),
    fullName: z
      .string()
      .regex(/^[^:\n]*$/, 'must not have : or a line break')
      .optional()
      .describe('Name of the person.'),
    groups: z.array(userName).default([]).describe('Further groups; one that is not there is made.'),
    shell: machinePath
      .optional()
      .describe('Login shell. Default: /bin/bash; of a system user: /usr/sbin/nologin.'),
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
      .describe('Public keys that log in over ssh.'),
    autologin: z
      .array(terminal)
      .default([])
      .describe('Terminals on which the user is logged in without a question.'),
    sudo: z
      .union([z.boolean(), z.literal('nopasswd')], 'must be true, false or "nopasswd"')
      .default(false)
      .describe('Whether the user may become root by sudo: true asks for the password, "nopasswd" does not.'),
  })
  .describe('A user.');

const units = z.array(unitName).default([]);

export const content = {
  files: z
    .record(machinePath, file)
    .default({})
    .describe(
      'Files by their path in the machine. They come in the order of their names, after the packages.',
    ),
  users: z
    .record(userName, user)
    .default({})
    .describe('Users by their name. root is there already, with a locked password.'),
  locale: z
    .string()
    .regex(/^[A-Za-z_@.0-9-]+$/, 'must be a locale, as de_DE.UTF-8')
    .default('C.UTF-8')
    .describe('Language of the system, as de_DE.UTF-8.'),
  locales: z
    .array(z.string().regex(/^[A-Za-z_@.0-9-]+$/, 'must be a locale, as de_DE.UTF-8'))
    .default([])
    .describe('Further locales that there are to be.'),
  keyboard: z
    .union(
      [
        z.string().regex(/^[a-z]{2,}[a-z,]*$/, 'must be a layout, as "de"'),
        z.strictObject({
          layout: z.string().min(1).describe('Layout, as "de" or "us,ru".'),
          model: z.string().default('pc105').describe('Model of the keyboard.'),
          variant: z.string().default('').describe('Variant, as "nodeadkeys".'),
          options: z.string().default('').describe('Options, as "ctrl:nocaps".'),
        }),
      ],
      'must be a layout, as "de", or { layout, model, variant, options }',
    )
    .optional()
    .describe(
      'Keyboard of the text consoles and of X and Wayland (keyboard(5)). Default: as the kernel has it, us.',
    ),
  timezone: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'must be a time zone, as Europe/Berlin')
    .default('Etc/UTC')
    .describe('Time zone, as Europe/Berlin.'),
  services: z
    .strictObject({
      enable: units.describe('Units that start at boot.'),
      disable: units.describe('Units that do not, though their package wants it.'),
      mask: units.describe('Units that cannot be started at all.'),
    })
    .prefault({})
    .describe('Services and other units of systemd; one without an ending is a service.'),
  listen: z
    .array(z.number().int().min(1).max(65_535))
    .default([])
    .describe(
      'Ports (TCP and UDP) on which the machine is to be heard by others. mkma test fails where anything else listens on a network.',
    ),
  sysctl: z
    .record(
      z.string().regex(/^[a-z0-9_]+([./][A-Za-z0-9_.*-]+)+$/, 'must be a kernel setting, as vm.swappiness'),
      z.union([z.string(), z.number()]),
    )
    .default({})
    .describe('Settings of the kernel at boot (sysctl.d(5)).'),
};
