/** Definitions with a fault, and what is said of each, word for word. FOLDER: where the definition lies; FIELDS: the names of all fields. */
export interface Wrong {
  readonly what: string;
  /** What defineMachine is given, from the second line of the file on. */
  readonly definition: string;
  readonly lines: readonly string[];
}

export const WRONG: readonly Wrong[] = [
  {
    what: 'a key that is not there',
    definition: "{ hostnam: 'box' }",
    lines: [
      'no such field: hostnam: mkma.config.ts:2 [unknown-field]',
      '  next: did you mean hostname? the fields are: FIELDS',
    ],
  },
  {
    what: 'a nested key',
    definition: "{\n  users: {\n    anna: { shel: '/bin/zsh' },\n  },\n}",
    lines: [
      'no such field: users.anna.shel: mkma.config.ts:4 [unknown-field]',
      '  next: did you mean shell? fields of users.anna: uid, system, fullName, groups, shell, home, password, authorizedKeys, autologin, sudo',
    ],
  },
  {
    what: 'a key of a repository',
    definition: "{ repositories: { x: { url: 'http://x', suites: ['a'], key: './afile' } } }",
    lines: [
      'no such field: repositories.x.url: mkma.config.ts:2 [unknown-field]',
      '  next: did you mean uri? fields of repositories.x: uri, suites, components, key, inMachine',
    ],
  },
  {
    what: 'a part of a fingerprint',
    definition:
      "{ repositories: { x: { uri: 'http://x', suites: ['/'], key: { url: 'http://x/k', fingerprint: 'AFFF2E93 770F9C12' } } } }",
    lines: [
      'repositories.x.key.fingerprint is "AFFF2E93 770F9C12": it must be a full fingerprint: 40 or 64 hexadecimal digits; spaces are ignored: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'components of a flat repository',
    definition:
      "{\n  repositories: {\n    x: { uri: 'http://x', suites: ['/'], components: ['main'], key: 'a\\nb' },\n  },\n}",
    lines: [
      'repositories.x.components: the suite "/" is flat and has no components: mkma.config.ts:4 [repository-components]',
      '  next: remove the components, or name a suite that does not end in /',
    ],
  },
  {
    what: 'a suite without components',
    definition: "{ repositories: { x: { uri: 'http://x', suites: ['trixie'], key: 'a\\nb' } } }",
    lines: [
      'repositories.x.components is missing: the suite "trixie" is not flat: mkma.config.ts:2 [repository-components]',
      "  next: name them, as in components: ['main']; the suite of a flat repository ends in /",
    ],
  },
  {
    what: 'host name',
    definition: "{\n\n  hostname: 'My_Box',\n}",
    lines: [
      'hostname is "My_Box": it must consist of 1 to 63 of a-z, 0-9 and -, and must not begin or end with -: mkma.config.ts:4 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'no text',
    definition: '{ hostname: 12 }',
    lines: [
      'hostname must be text, not 12: mkma.config.ts:2 [value-type]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'no list',
    definition: "{ packages: 'nginx' }",
    lines: [
      'packages must be a list, not "nginx": mkma.config.ts:2 [value-type]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'package name',
    definition: "{\n  packages: [\n    'nginx',\n    'Foo Bar',\n  ],\n}",
    lines: [
      'packages[1] is "Foo Bar": it must be one package; further ones are separate entries: mkma.config.ts:5 [package-name]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'deb file missing',
    definition: "{ packages: ['./none.deb'] }",
    lines: [
      'packages[0]: no such file: FOLDER/none.deb: mkma.config.ts:2 [no-such-file]',
      '  next: correct the path: it is relative to the definition file that names it',
    ],
  },
  {
    what: 'suite too old',
    definition: "{ suite: 'bookworm' }",
    lines: [
      'the suite bookworm is too old: early boot requires quickjs, which is in trixie or newer: mkma.config.ts:2 [suite-too-old]',
      '  next: use trixie or newer',
    ],
  },
  {
    what: 'suite name',
    definition: "{ suite: 'Debian 13' }",
    lines: [
      'suite is "Debian 13": it must be a suite in lower case, such as trixie or sid: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'format',
    definition: "{ format: 'erosf' }",
    lines: [
      'format is "erosf": mkma.config.ts:2 [value-not-allowed]',
      '  next: did you mean erofs? use "cpio" or "erofs"',
    ],
  },
  {
    what: 'level',
    definition: '{ compressionLevel: 22 }',
    lines: [
      'compressionLevel is 22: it must be at most 19: mkma.config.ts:2 [value-out-of-range]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'level no whole number',
    definition: '{ compressionLevel: 2.5 }',
    lines: [
      'compressionLevel must be a whole number, not 2.5: mkma.config.ts:2 [value-type]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'without',
    definition: "{ without: ['docs', 'doc'] }",
    lines: [
      'without[1] is "doc": mkma.config.ts:2 [value-not-allowed]',
      '  next: did you mean docs? use "docs", "locales", "modules" or "firmware"',
    ],
  },
  {
    what: 'relative path',
    definition: "{ files: { 'etc/motd': 'hi' } }",
    lines: [
      'files["etc/motd"]: the name must be an absolute path, without . and .., that does not end with /: mkma.config.ts:2 [name-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'climbing path',
    definition: "{ files: { '/etc/../x': 'hi' } }",
    lines: [
      'files["/etc/../x"]: the name must be an absolute path, without . and .., that does not end with /: mkma.config.ts:2 [name-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'covered path',
    definition: "{ files: { '/run/x': 'hi' } }",
    lines: [
      'files["/run/x"]: the running machine mounts over /run, which hides it: mkma.config.ts:2 [hidden-path]',
      '  next: use another path',
    ],
  },
  {
    what: 'a field of a mount',
    definition: "{ mounts: { '/home': { device: 'LABEL=x', option: ['ro'] } } }",
    lines: [
      'no such field: mounts["/home"].option: mkma.config.ts:2 [unknown-field]',
      '  next: did you mean options? fields of mounts["/home"]: device, type, options, encrypted, required',
    ],
  },
  {
    what: 'a device that is none',
    definition: "{ mounts: { '/home': { device: 'sda1' } } }",
    lines: [
      'mounts["/home"].device is "sda1": it must be UUID=, LABEL=, PARTUUID= or PARTLABEL= with a value without quotes, or a path below /dev: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'options in one text',
    definition: "{ mounts: { '/home': { device: 'LABEL=x', options: ['ro,noatime'] } } }",
    lines: [
      'mounts["/home"].options[0] is "ro,noatime": it must be one option without commas and spaces; further options are separate entries: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'how a mount is encrypted',
    definition: "{ mounts: { '/home': { device: 'LABEL=x', encrypted: 'luks' } } }",
    lines: [
      'mounts["/home"].encrypted is "luks": it must be true, false or { name, keyFile, keyDevice, tpm2, options }: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'a field of an encrypted mount',
    definition: "{ mounts: { '/home': { device: 'LABEL=x', encrypted: { keyfile: '/k' } } } }",
    lines: [
      'no such field: mounts["/home"].encrypted.keyfile: mkma.config.ts:2 [unknown-field]',
      '  next: did you mean keyFile? fields of mounts["/home"].encrypted: name, keyFile, keyDevice, tpm2, options',
    ],
  },
  {
    what: 'a mount over the system',
    definition: "{ mounts: { '/usr/local': { device: 'LABEL=x' } } }",
    lines: [
      'mounts["/usr/local"]: a disk would hide /usr, which belongs to the system: mkma.config.ts:2 [mount-over-system]',
      '  next: use another mount point, such as /srv/data or /home',
    ],
  },
  {
    what: 'a mount over the records of packages',
    definition: "{ mounts: { '/var': { device: 'LABEL=x' } } }",
    lines: [
      'mounts["/var"]: a disk would hide /var, which contains the package database: mkma.config.ts:2 [mount-over-system]',
      '  next: use another mount point, such as /srv/data or /home',
    ],
  },
  {
    what: 'a mount over the root',
    definition: "{ mounts: { '/': { device: 'LABEL=x' } } }",
    lines: [
      'mounts["/"]: the name must be an absolute path, without . and .., that does not end with /: mkma.config.ts:2 [name-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'two mounts of one path',
    definition: "{ mounts: { '/srv/x': { device: 'LABEL=x' }, '/srv//x': { device: 'LABEL=y' } } }",
    lines: [
      'mounts["/srv/x"] and mounts["/srv//x"] are the same mount point: mkma.config.ts:2 [mount-twice]',
      '  next: remove one of them',
    ],
  },
  {
    what: 'a mount that is a volume in RAM too',
    definition: "{ mounts: { '/srv/x': { device: 'LABEL=x' } }, ramVolumes: { '/srv/x': { size: '1G' } } }",
    lines: [
      'mounts["/srv/x"] is also a volume in ramVolumes: mkma.config.ts:2 [mount-twice]',
      '  next: remove one of them',
    ],
  },
  {
    what: 'a mount on a file',
    definition: "{ mounts: { '/srv/x': { device: 'LABEL=x' } }, files: { '/srv/x': 'hi' } }",
    lines: [
      'mounts["/srv/x"] is not a folder: files places something else there: mkma.config.ts:2 [mount-on-file]',
      '  next: remove one of them',
    ],
  },
  {
    what: 'a mount over a file',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x' } }, files: { '/srv/x': 'hi' } }",
    lines: [
      'mounts["/srv"]: the disk would hide /srv/x of the definition: mkma.config.ts:2 [mount-hides-file]',
      "  next: remove one of them; only files in homes of the definition's users are copied to a disk",
    ],
  },
  {
    what: 'a mount of RAM',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x', type: 'tmpfs' } } }",
    lines: [
      'mounts["/srv"]: tmpfs is not a file system on a disk: mkma.config.ts:2 [not-on-disk]',
      '  next: use ramVolumes',
    ],
  },
  {
    what: 'a mount that is required and is not',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x', required: true, options: ['nofail'] } } }",
    lines: [
      'mounts["/srv"] is required but has the option nofail: mkma.config.ts:2 [required-nofail]',
      '  next: remove one of them',
    ],
  },
  {
    what: 'a required mount below another',
    definition:
      "{ mounts: { '/srv': { device: 'LABEL=x' }, '/srv/x': { device: 'LABEL=y', required: true } } }",
    lines: [
      'mounts["/srv/x"] is required but below /srv, which is not: mkma.config.ts:2 [required-below]',
      '  next: also set required: true for /srv',
    ],
  },
  {
    what: 'a device of keys without a key',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x', encrypted: { keyDevice: 'LABEL=key' } } } }",
    lines: [
      'mounts["/srv"].encrypted has a keyDevice but no keyFile: mkma.config.ts:2 [key-device-alone]',
      '  next: name the file: keyFile: "/home.key"',
    ],
  },
  {
    what: 'two keys',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x', encrypted: { keyFile: '/k', tpm2: true } } } }",
    lines: [
      'mounts["/srv"].encrypted has both a key file and a key in the TPM: mkma.config.ts:2 [two-keys]',
      '  next: remove one of them',
    ],
  },
  {
    what: 'a key behind its own lock',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x', encrypted: { keyFile: '/srv/k' } } } }",
    lines: [
      'mounts["/srv"].encrypted.keyFile: /srv/k is on the disk that it unlocks: mkma.config.ts:2 [key-on-own-disk]',
      '  next: put the key elsewhere',
    ],
  },
  {
    what: 'random swap by what is lost',
    definition: "{ swap: [{ device: 'UUID=1234-ABCD', encrypted: 'random' }] }",
    lines: [
      'swap[0].device is "UUID=1234-ABCD", whose contents are destroyed at each boot: the name is stored on the partition, so the first boot destroys it: mkma.config.ts:2 [random-swap-device]',
      '  next: use PARTUUID= (lsblk --output NAME,PARTUUID) or a name below /dev/disk/by-id/',
    ],
  },
  {
    what: 'random swap by a name that moves',
    definition: "{ swap: [{ device: '/dev/sda2', encrypted: 'random' }] }",
    lines: [
      'swap[0].device is "/dev/sda2", whose contents are destroyed at each boot: at another boot, another partition may have this name and would be destroyed: mkma.config.ts:2 [random-swap-device]',
      '  next: use PARTUUID= (lsblk --output NAME,PARTUUID) or a name below /dev/disk/by-id/',
    ],
  },
  {
    what: 'a random key of a mount',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x', encrypted: 'random' } } }",
    lines: [
      'mounts["/srv"].encrypted is "random": it must be true, false or { name, keyFile, keyDevice, tpm2, options }: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'swap twice',
    definition: "{ swap: [{ device: 'LABEL=x' }, { device: 'LABEL=x', priority: 1 }] }",
    lines: [
      'swap[1] and swap[0] use the same device: LABEL=x: mkma.config.ts:2 [device-twice]',
      '  next: remove one of them',
    ],
  },
  {
    what: 'swap on a mounted disk',
    definition: "{ mounts: { '/srv': { device: 'LABEL=x' } }, swap: [{ device: 'LABEL=x' }] }",
    lines: [
      'swap[0] and mounts["/srv"] use the same device: LABEL=x: mkma.config.ts:2 [device-twice]',
      '  next: remove one of them',
    ],
  },
  {
    what: 'one name of two encrypted disks',
    definition:
      "{ mounts: { '/srv/a-b': { device: 'LABEL=x', encrypted: true }, '/srv/a/b': { device: 'LABEL=y', encrypted: true } } }",
    lines: [
      'mounts["/srv/a/b"] and mounts["/srv/a-b"] are both /dev/mapper/srv-a-b: mkma.config.ts:2 [mapper-name-twice]',
      '  next: rename one of them: encrypted: { name: ... }',
    ],
  },
  {
    what: 'one encrypted disk in two ways',
    definition:
      "{ mounts: { '/srv/a': { device: 'LABEL=x', encrypted: true }, '/srv/b': { device: 'LABEL=x', encrypted: { keyFile: '/k' } } } }",
    lines: [
      'mounts["/srv/b"] and mounts["/srv/a"] unlock LABEL=x in different ways: mkma.config.ts:2 [device-twice]',
      '  next: give both the same value of encrypted',
    ],
  },
  {
    what: 'the name of the device mapper itself',
    definition: "{ mounts: { '/srv/a': { device: 'LABEL=x', encrypted: { name: 'control' } } } }",
    lines: [
      'mounts["/srv/a"].encrypted.name is "control": it must consist of 1 to 127 of A-Z, a-z, 0-9, ., _, + and -, and must not be "control": mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'a priority of swap',
    definition: "{ swap: [{ device: 'LABEL=x', priority: 40000 }] }",
    lines: [
      'swap[0].priority is 40000: it must be at most 32767: mkma.config.ts:2 [value-out-of-range]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'covered volume',
    definition: "{ ramVolumes: { '/run/x': { size: '10%' } } }",
    lines: [
      'ramVolumes["/run/x"]: the running machine mounts over /run, which hides it: mkma.config.ts:2 [hidden-path]',
      '  next: use another path',
    ],
  },
  {
    what: 'volume over a file',
    definition: "{ files: { '/srv/x/y': 'hi' }, ramVolumes: { '/srv/x': { size: '10%' } } }",
    lines: [
      'ramVolumes["/srv/x"]: the volume is empty at each boot and would hide /srv/x/y of the definition: mkma.config.ts:2 [volume-hides-file]',
      "  next: use another folder, or remove one of them (ramVolumes: { '/srv/x': false } removes a preset's volume)",
    ],
  },
  {
    what: 'a table of mounts beside volumes',
    definition: "{ files: { '/etc/fstab': '' }, ramVolumes: { '/srv/x': { size: '10%' } } }",
    lines: [
      'files contains /etc/fstab, which mounts, swap and ramVolumes write: mkma.config.ts:2 [table-twice]',
      '  next: put its entries into those fields, or remove the fields',
    ],
  },
  {
    what: 'a key file with a space',
    definition: "{ mounts: { '/srv/x': { device: 'LABEL=x', encrypted: { keyFile: '/etc/my key' } } } }",
    lines: [
      'mounts["/srv/x"].encrypted.keyFile is "/etc/my key": it must not contain spaces: crypttab(5) has no escapes: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'no volume',
    definition: "{ ramVolumes: { '/srv/x': true } }",
    lines: [
      'ramVolumes["/srv/x"] is true: it must be { size, mode, owner }, or false: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'no disk',
    definition: "{ mounts: { '/srv/x': true } }",
    lines: [
      'mounts["/srv/x"] is true: it must be { device, type, options, encrypted, required }, or false: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'volume size',
    definition: "{ ramVolumes: { '/srv/x': { size: 'much' } } }",
    lines: [
      'ramVolumes["/srv/x"].size is "much": it must be 1% to 99% of the RAM, or a number of bytes such as "512M" or "2G": mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'file of nothing',
    definition: "{ files: { '/etc/x': { form: './afile' } } }",
    lines: [
      'no such field: files["/etc/x"].form: mkma.config.ts:2 [unknown-field]',
      '  next: did you mean from? fields of files["/etc/x"]: content, mode, owner, from, values, url, sha256, link, folder, remove',
    ],
  },
  {
    what: 'file mode',
    definition: "{ files: { '/etc/x': { content: 'a', mode: 'rw' } } }",
    lines: [
      'files["/etc/x"].mode is "rw": it must be three or four octal digits, such as "0644": mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'file missing',
    definition: "{ files: { '/etc/x': { from: './none' } } }",
    lines: [
      'files["/etc/x"].from: no such file: FOLDER/none: mkma.config.ts:2 [no-such-file]',
      '  next: correct the path: it is relative to the definition file that names it',
    ],
  },
  {
    what: 'template of folder',
    definition: "{ files: { '/etc/x': { from: './adir', values: { a: 1 } } } }",
    lines: [
      'files["/etc/x"]: FOLDER/adir is a folder, but only files can be templates: mkma.config.ts:2 [template-folder]',
      '  next: name each template file separately',
    ],
  },
  {
    what: 'user name',
    definition: "{ users: { 'Anna B': {} } }",
    lines: [
      'users["Anna B"]: the name must consist of 1 to 32 of a-z, 0-9, _ and -, and must begin with a letter or _: mkma.config.ts:2 [name-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'sudo',
    definition: "{ users: { anna: { sudo: 'yes' } } }",
    lines: [
      'users.anna.sudo is "yes": it must be true, false or "nopasswd": mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'password',
    definition: "{ users: { anna: { password: 'secret' } } }",
    lines: [
      'users.anna.password: it must be "locked", "empty", { hash } or { hashFile }: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'hash',
    definition: "{ users: { anna: { password: { hash: 'secret' } } } }",
    lines: [
      'users.anna.password.hash: it must be a hash as mkpasswd prints it, which begins with $: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'hash file missing',
    definition: "{ users: { anna: { password: { hashFile: './none' } } } }",
    lines: [
      'users.anna.password.hashFile: no such file: FOLDER/none: mkma.config.ts:2 [no-such-file]',
      '  next: correct the path: it is relative to the definition file that names it',
    ],
  },
  {
    what: 'ssh key',
    definition: "{ users: { anna: { authorizedKeys: ['AAAA'] } } }",
    lines: [
      'users.anna.authorizedKeys[0] is "AAAA": it must be a public key as in authorized_keys, or { file }: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'empty password and ssh',
    definition: "{\n  extends: ['server'],\n  users: { anna: { password: 'empty' } },\n}",
    lines: [
      'anna would have an empty password on a machine that accepts network logins (openssh-server): mkma.config.ts:4 [open-account]',
      '  next: lock it (password: "locked") and use authorizedKeys, or remove openssh-server',
    ],
  },
  {
    what: 'empty password and a server for files',
    definition: "{\n  packages: ['vsftpd'],\n  users: { anna: { password: 'empty' } },\n}",
    lines: [
      'anna would have an empty password on a machine that accepts network logins (vsftpd): mkma.config.ts:4 [open-account]',
      '  next: lock it (password: "locked") and use authorizedKeys, or remove vsftpd',
    ],
  },
  {
    what: 'two on one terminal',
    definition: "{\n  users: { anna: { autologin: ['tty1'] } },\n}",
    lines: [
      'both root and anna are logged in on tty1: mkma.config.ts:3 [two-logins-on-terminal]',
      '  next: remove one of them; for root: users: { root: { autologin: replace([]) } }',
    ],
  },
  {
    what: 'terminal',
    definition: "{ users: { anna: { autologin: ['console'] } } }",
    lines: [
      'users.anna.autologin[0] is "console": it must be a terminal: "tty1" to "tty6", or one such as "ttyS0": mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'root uid',
    definition: '{ users: { root: { uid: 5 } } }',
    lines: [
      'users.root.uid is not allowed: root always exists: mkma.config.ts:2 [not-for-root]',
      '  next: remove it',
    ],
  },
  {
    what: 'time zone',
    definition: "{ timezone: 'Berlin time' }",
    lines: [
      'timezone is "Berlin time": it must be a time zone, such as Europe/Berlin: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'keyboard',
    definition: "{ keyboard: { variant: 'nodeadkeys' } }",
    lines: ['keyboard.layout is missing: mkma.config.ts:2 [field-missing]', '  next: add it'],
  },
  {
    what: 'unit',
    definition: "{ services: { enable: ['my unit'] } }",
    lines: [
      'services.enable[0] is "my unit": it must be the name of a unit, such as "nginx" or "nginx.service": mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'enabled and masked',
    definition: "{ services: { enable: ['ssh'], mask: ['ssh.service'] } }",
    lines: [
      'ssh.service is both enabled and masked: mkma.config.ts:2 [unit-contradiction]',
      '  next: remove it from one of the lists; replace([...]) drops inherited entries',
    ],
  },
  {
    what: 'sysctl',
    definition: '{ sysctl: { swappiness: 10 } }',
    lines: [
      'sysctl.swappiness: the name must be a kernel parameter, such as vm.swappiness: mkma.config.ts:2 [name-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'hook moment',
    definition: "{ hooks: [{ at: 'end', run: 'true' }] }",
    lines: [
      'hooks[0].at is "end": mkma.config.ts:2 [value-not-allowed]',
      '  next: use "packages", "system" or "images"',
    ],
  },
  {
    what: 'hook script missing',
    definition: "{ hooks: [{ at: 'system', run: { script: './none.sh' } }] }",
    lines: [
      'hooks[0].run.script: no such file: FOLDER/none.sh: mkma.config.ts:2 [no-such-file]',
      '  next: correct the path: it is relative to the definition file that names it',
    ],
  },
  {
    what: 'hook in the image too late',
    definition: "{ hooks: [{ at: 'images', run: 'true' }] }",
    lines: [
      'hooks[0] cannot run in the image after it was packed: mkma.config.ts:2 [hook-point]',
      '  next: run it at "system", or on the host (on: "host")',
    ],
  },
  {
    what: 'test without function',
    definition: "{ tests: [{ name: 'x', run: 'true' }] }",
    lines: [
      'tests[0].run is "true": it must be a function: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'kernel',
    definition: "{ kernel: { from: 'ubuntu' } }",
    lines: [
      'kernel.from is "ubuntu": it must be { from: "debian" }, { from: "host" } or { from: "path", image, modules }: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'kernel path',
    definition: "{ kernel: { from: 'path', image: './afile', modules: './none' } }",
    lines: [
      'kernel.modules: no such file: FOLDER/none: mkma.config.ts:2 [no-such-file]',
      '  next: correct the path: it is relative to the definition file that names it',
    ],
  },
  {
    what: 'cmdline that no boot loader passes on',
    definition: `{ cmdline: ["systemd.setenv=A=it's"] }`,
    lines: [
      'cmdline[0] is "systemd.setenv=A=it\'s": it must have no quotes and no backslashes: GRUB does not pass them to the kernel as they are: mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'cmdline',
    definition: "{ cmdline: ['quiet splash'] }",
    lines: [
      'cmdline[0] is "quiet splash": it must be one parameter without spaces, such as "quiet": mkma.config.ts:2 [value-invalid]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'build without install',
    definition: "{ builds: [{ name: 'x', run: 'make' }] }",
    lines: ['builds[0].install is missing: mkma.config.ts:2 [field-missing]', '  next: add it'],
  },
  {
    what: 'two builds of a name',
    definition: "{ builds: [{ name: 'x', run: 'a', install: 'b' }, { name: 'x', run: 'c', install: 'd' }] }",
    lines: [
      'builds[1] has the name "x" of an earlier entry: mkma.config.ts:2 [name-twice]',
      '  next: rename one of them',
    ],
  },
  {
    what: 'preset',
    definition: "{ extends: ['consle'] }",
    lines: [
      'no such preset: consle: mkma.config.ts:2 [no-such-preset]',
      '  next: did you mean console? the presets are: console, server, desktop, hardware/intel, hardware/amd, hardware/laptop',
    ],
  },
  {
    what: 'extends no list',
    definition: "{ extends: 'console' }",
    lines: ['extends must be a list: mkma.config.ts:2 [value-type]', '  next: write extends: ["server"]'],
  },
  {
    what: 'extends missing file',
    definition: "{ extends: ['./none.ts'] }",
    lines: [
      'no such definition: mkma.config.ts:2: FOLDER/none.ts [definition-missing]',
      '  next: name an existing file, or create one: mkma new',
    ],
  },
  {
    what: 'zram',
    definition: '{ zram: 0 }',
    lines: [
      'zram is 0: it must be at least 1: mkma.config.ts:2 [value-out-of-range]',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'initramfs',
    definition: "{ initramfs: { modules: 'all' } }",
    lines: [
      'initramfs.modules is "all": mkma.config.ts:2 [value-not-allowed]',
      '  next: use "generic" or "hardware"',
    ],
  },
  {
    what: 'rules and limits of what is saved',
    definition:
      "{\n  persist: {\n    rules: { drop: ['class:home', '/srv/'] },\n    limits: { largestFile: 'much' },\n  },\n}",
    lines: [
      'persist.rules.drop[0] is "class:home": it is no pattern: no such class: they are class:all, class:packages, class:accounts, class:identity, class:homes, class:configuration, class:state: mkma.config.ts:4 [value-invalid]',
      '  why: other errors:',
      '       mkma.config.ts:5: persist.limits.largestFile is "much": it must be a number of bytes, such as "200M" or "2G"',
      '  next: correct it and try again',
    ],
  },
  {
    what: 'limits that contradict',
    definition: "{\n  persist: {\n    limits: { largestFile: '2G', largestLayer: '500M' },\n  },\n}",
    lines: [
      'persist.limits.largestFile is 2G, more than persist.limits.largestLayer, 500M: mkma.config.ts:4 [limits-contradict]',
      '  next: lower the first, or raise the second',
    ],
  },
];
