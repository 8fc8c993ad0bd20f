/** Problems with a definition: the file, its fields, and what they ask for together. */
export const DEFINITION = {
  'definition-missing': [
    'The definition file does not exist.',
    'Name an existing file with --config, or create one: mkma new.',
  ],
  'definition-unreadable': ['The definition cannot be read, or is not valid JSON.', 'Correct the file.'],
  'definition-failed': [
    'The definition, or a function in it, failed while it was evaluated.',
    'Correct the line that the message names.',
  ],
  'definition-empty': [
    'The file does not define a machine.',
    'Export what defineMachine returns as the default; a JSON file must contain one object.',
  ],
  'definition-exists': [
    'The folder already contains a definition.',
    'Name another folder, or replace it with --force.',
  ],
  'unknown-field': ['There is no such field.', 'Correct its name: the message lists the fields that exist.'],
  'field-missing': ['A required field is missing.', 'Add it.'],
  'value-type': ['The value of a field has the wrong type.', 'Give the type that the message names.'],
  'value-not-allowed': ['The value of a field is not one of its choices.', 'Use one that the message lists.'],
  'value-out-of-range': [
    'A value is too small or too large.',
    'Use one in the range that the message names.',
  ],
  'value-invalid': ['The value of a field has an invalid form.', 'Correct it as the message says.'],
  'name-invalid': [
    'A key in a field, such as a path or a user name, has an invalid form.',
    'Correct it as the message says.',
  ],
  'extends-circle': [
    'A definition extends itself, directly or through others.',
    'Remove one of the extends entries.',
  ],
  'no-such-preset': ['There is no preset or fragment of this name.', 'Use one that the message lists.'],
  'preset-is-fragment': [
    'A fragment was named where a preset is required; a fragment is not a whole machine.',
    "Extend a preset as well: extends: ['console', 'hardware/laptop'].",
  ],
  'preset-options': [
    'An entry of extends with options has an invalid form.',
    "Write { preset: 'desktop', with: { user: 'ada' } }.",
  ],
  'no-such-file': [
    'A file of this host that the definition names does not exist.',
    'Correct the path: it is relative to the definition file that names it.',
  ],
  'not-a-file': ['The definition names a folder or a special file where a file is required.', 'Name a file.'],
  'not-a-folder': [
    'The definition names something other than a folder where one is required.',
    'Name a folder.',
  ],
  'hidden-path': [
    'Something is mounted over this path while the machine runs: nothing in it would be visible.',
    'Use another path.',
  ],
  'below-a-file': ['A file is placed below something that is not a folder.', 'Remove one of the two.'],
  'template-folder': ['A folder cannot be a template.', 'Name each template file separately.'],
  'template-value-missing': ['A template uses a value that values does not contain.', 'Add it to values.'],
  'source-unsupported': [
    'A device, socket or FIFO cannot be placed in the machine.',
    'Name a regular file, a folder or a symbolic link.',
  ],
  'not-for-root': ['The field does not apply to root, who always exists.', 'Remove it.'],
  'two-logins-on-terminal': [
    'Two users are logged in automatically on one terminal.',
    'Leave the terminal to one of them.',
  ],
  'open-account': [
    'An account with an empty password could be used over a network.',
    'Lock its password and use authorizedKeys, or remove what accepts network logins.',
  ],
  'password-hash-invalid': [
    'The first line of hashFile is not a password hash.',
    'Create one with mkpasswd (package whois) or openssl passwd -6.',
  ],
  'shell-missing': ["A user's shell is not in the machine.", 'Add the package that contains it.'],
  'suite-too-old': [
    'The suite is too old: it lacks quickjs, the engine of early boot.',
    'Use trixie or newer.',
  ],
  'format-needs-kernel': [
    'The chosen kernel cannot read an erofs base.',
    "Use the suite's kernel (--kernel debian), or --format cpio.",
  ],
  'kernel-choice-invalid': ['--kernel has an invalid value.', 'Use debian, host or host:RELEASE.'],
  'unit-contradiction': [
    'A unit is both enabled and disabled or masked.',
    'Remove it from one of the lists; replace([...]) drops what a preset lists.',
  ],
  'unit-failed': [
    'systemctl refuses a unit that services names.',
    'Check its name; a package of the machine must contain it.',
  ],
  'name-twice': ['Two entries of a list have the same name.', 'Rename one of them.'],
  'hook-point': [
    "A hook with at: 'images' cannot run in the image, which is packed by then.",
    "Use at: 'system' or on: 'host'.",
  ],
  'no-such-locale': [
    'The suite has no such locale.',
    'Use one that the message suggests, such as de_DE.UTF-8.',
  ],
  'no-such-timezone': [
    'There is no such time zone.',
    'Use a name such as Europe/Berlin; old names require the package tzdata-legacy.',
  ],
  'keyboard-invalid': [
    'The keyboard cannot be set up with these names.',
    'Check them against keyboard(5) and xkeyboard-config(7).',
  ],
  'no-such-module': ['The kernel has no module of this name.', 'Check it with modinfo.'],
  'binary-missing': [
    'A program that initramfs.binaries names is not in the machine.',
    'Add the package that contains it.',
  ],
  'binary-unusable': [
    'A program in initramfs.binaries is not an ELF file, or a library of it is missing in the machine.',
    'Name ELF programs, and add the packages that provide their libraries.',
  ],
  'no-such-test': [
    'The definition has no test of this name.',
    'Use one that the message lists, or name the definition with --config.',
  ],
  'package-name': [
    'An entry of packages is not a package.',
    'Use a name, NAME=VERSION or NAME/SUITE as with apt, or the path of a .deb file with a / in it.',
  ],
  'package-removed': [
    'An entry of packages ends in -, which makes apt remove the package.',
    'Use excludePackages to keep a package out.',
  ],
  'package-architecture': [
    'The entry names an unknown architecture.',
    'Use one that the message lists, or none.',
  ],
  'not-a-package': ['The file is not a Debian package.', 'Name a complete .deb file.'],
  'no-such-package': [
    'The suite has no package of this name.',
    'Check its name, the suite and the components.',
  ],
  'no-such-version': [
    'The requested version or suite of a package is not available.',
    'Name an available version, or none; for another suite, add its repository.',
  ],
  'packages-conflict': [
    'Two packages exclude each other.',
    "Remove one of them; packages: replace([...]) drops a preset's packages.",
  ],
  'packages-unmet': [
    "The packages' dependencies cannot be met together.",
    'Read the dependencies in the message; check excludePackages and requested versions.',
  ],
  'repository-components': [
    'components is set for a flat repository, or missing for any other.',
    'Name components, or a suite that ends in /.',
  ],
  'volume-hides-file': [
    'A RAM volume, empty at each boot, would hide a file that the definition places.',
    'Use another folder, or remove one of the two.',
  ],
  'table-twice': [
    'files contains fstab or crypttab, which mounts, swap and ramVolumes write.',
    'Put its entries into those fields, or remove the fields.',
  ],
  'no-such-owner': [
    'The owner of a file or volume does not exist.',
    'Add the user or group, or the package that creates it.',
  ],
  'engine-without-store': [
    'A container engine is installed only as a dependency: its store would be on the overlay, where it does not work.',
    'Add the engine to packages, or a RAM volume for its store.',
  ],
  'mount-over-system': [
    "A disk would hide the system's files or the package database.",
    'Use another mount point, such as /srv/data.',
  ],
  'mount-twice': ['Two entries have the same mount point.', 'Remove one of them.'],
  'mount-on-file': [
    'The mount point of a disk is not a folder: files places something else there.',
    'Remove one of the two.',
  ],
  'mount-hides': [
    'A disk hides what the image contains at its mount point.',
    'Copy it to the disk, or mount the disk elsewhere.',
  ],
  'mount-hides-file': [
    'A disk would hide a file that the definition places.',
    'Remove one of the two; only files in homes of users are copied to a disk.',
  ],
  'not-on-disk': [
    'The type of a mount is swap or tmpfs, which is not a file system on a disk.',
    'Use the field swap or ramVolumes.',
  ],
  'required-nofail': ['A mount is required and has the option nofail.', 'Remove one of the two.'],
  'required-below': ['A required mount is below one that is not required.', 'Set required: true for both.'],
  'key-device-alone': [
    'An encrypted disk has a keyDevice without a keyFile.',
    'Name the key file on that device.',
  ],
  'two-keys': ['An encrypted disk has both a key file and a key in the TPM.', 'Remove one of the two.'],
  'key-on-own-disk': ['A key file is on the disk that it unlocks.', 'Put the key elsewhere.'],
  'no-key-file': [
    'The key file is not in the image: the machine will ask for the passphrase.',
    'Place the file, or name its keyDevice.',
  ],
  'open-key-file': ['Every user of the machine can read a key file.', "Give it mode: '0600'."],
  'random-swap-device': [
    'Swap with a random key, which erases its partition at each boot, has a device name that may refer to a different partition later.',
    'Use PARTUUID= or a name below /dev/disk/by-id/.',
  ],
  'device-twice': [
    'Two entries use the same device.',
    'Remove one of them; if it is encrypted, give both the same value of encrypted.',
  ],
  'mapper-name-twice': [
    'Two encrypted disks have the same name in /dev/mapper.',
    'Rename one of them: encrypted: { name: ... }.',
  ],
  'no-dm-crypt': [
    'The kernel has no module dm_crypt, which encrypted disks require.',
    "Use the suite's kernel: kernel: { from: 'debian' }.",
  ],
  'no-file-system': [
    'The kernel has no module for the file system of a mount.',
    'Use one that the message lists.',
  ],
  'desktop-not-a-kiosk': [
    'page and program apply to a kiosk (cage) only.',
    "Remove the option, or use compositor: 'cage'.",
  ],
  'desktop-part-without-place': [
    'A kiosk (cage) shows one program and has no place for this part of a desktop.',
    'Remove the option, or use another compositor.',
  ],
  'desktop-two-programs': [
    'A kiosk (cage) shows one program, but both page and program are set.',
    'Remove one of the two.',
  ],
  'desktop-part-missing': [
    "A part of the desktop requires another one that is set to 'none'.",
    "Name that part, or set both to 'none'.",
  ],
  'desktop-without-admin': [
    'Nobody could become root: sudo asks for a password, and the password is locked.',
    "Give the user a password, or sudo: 'nopasswd'.",
  ],
  'desktop-not-in-debian': [
    'No Debian suite has a program of this desktop, and the definition does not provide it.',
    'Add the repository or build that the message names.',
  ],
  'greeter-without-password': [
    "The greeter asks for the user's password, which is locked: nobody could log in.",
    "Give the user a password, or use login: 'automatic'.",
  ],
} as const;
