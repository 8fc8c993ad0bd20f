/** Problems of a build: the host, the mirror, the stages, the output folder. */
export const BUILD = {
  'foreign-architecture': [
    "The machine's programs cannot run on this host.",
    'Build on a host of its architecture.',
  ],
  'capabilities-missing': [
    'The process lacks capabilities that a build requires.',
    'Build outside of the container, or start it with the options that the message names.',
  ],
  'user-namespace': [
    'The process is root in a user namespace that has too few users.',
    'Build outside of the container, or start it with a larger range of users.',
  ],
  'no-subordinate-ids': [
    'The user has no subordinate ids, which building without root requires.',
    'Give the user a range with usermod, as the message shows, or build with sudo.',
  ],
  'too-few-subordinate-ids': [
    "The user's subordinate ids do not reach the ids of a machine.",
    'Give the user a larger range with usermod, as the message shows, or build with sudo.',
  ],
  'ids-not-mapped': [
    'newuidmap or newgidmap refuses the subordinate ids.',
    'Check that both are set-user-ID root and not on a nosuid mount, or build with sudo.',
  ],
  'user-namespace-forbidden': [
    'The host does not let a plain user have a user namespace, or denies everything in it.',
    'Change the setting that the message names, or build with sudo.',
  ],
  'id-out-of-range': [
    'The definition names a user or group beyond those of a build without root.',
    'Use a smaller number, extend the subordinate ids, or build with sudo.',
  ],
  'namespaced-capability': [
    'A file of the tree has capabilities that count only in a user namespace.',
    'Set them again in mkma shell.',
  ],
  'tree-of-other-user': [
    'A tree in the output folder belongs to somebody else: to root, or to a user who built without root.',
    'Build as that user, or into another folder with --output.',
  ],
  'no-mount-namespace': [
    'A mount namespace cannot be created.',
    'Build with CAP_SYS_ADMIN; in a container, use a privileged one.',
  ],
  'log-not-written': [
    'The logs of a build cannot be written.',
    'Free some space, or make the folder of the message writable; the build itself goes on.',
  ],
  'debug-shell-without-terminal': [
    'A shell was requested where nobody can type.',
    'Run the command at a terminal, or without --debug-shell; logs are kept in any case.',
  ],
  'too-few-open-files': [
    'The limit of open files is too low.',
    'Raise it with ulimit -n, as the message shows.',
  ],
  'output-folder-unusable': ['The output folder cannot be used.', 'Name another one with --output.'],
  'output-folder-taken': [
    'Another mkma is working in the output folder.',
    'Wait for it, or name another folder with --output.',
  ],
  'cache-folder-unusable': ['The cache folder cannot be used.', 'Name another one with --cache.'],
  'cache-damaged': [
    'Something in the cache is not as it was stored; it is made or fetched again.',
    'Nothing, if it happens once; else check the disk of the cache.',
  ],
  'cache-foreign': [
    'Another user can change the content of the cache, from which machines are built.',
    'Name another folder with --cache, or correct its owner and mode.',
  ],
  'not-kept': [
    'The cache lacks something that an offline build needs.',
    'Build once with a network and the same cache, without --offline.',
  ],
  'folder-not-writable': [
    'Nothing can be written to the folder.',
    'Name another one with --output or --cache.',
  ],
  'folder-without-links': [
    'The file system of the folder has no symbolic links.',
    'Use ext4, btrfs, xfs or tmpfs.',
  ],
  'folder-without-owners': [
    'Files in the folder cannot be given to other users.',
    'Use ext4, btrfs, xfs or tmpfs.',
  ],
  'folder-without-modes': [
    'The file system of the folder does not keep file modes.',
    'Use ext4, btrfs, xfs or tmpfs.',
  ],
  'folder-without-case': [
    'The file system of the folder is not case-sensitive.',
    'Use ext4, btrfs, xfs or tmpfs.',
  ],
  'folder-without-nodes': [
    'Device nodes cannot be created in the folder.',
    'Use a file system mounted without nodev.',
  ],
  'folder-without-programs': [
    'Programs in the folder cannot be run.',
    'Use a file system mounted without noexec.',
  ],
  'too-little-space': [
    'The file system has too little free space for a build.',
    'Free some, or name another folder with --output or --cache.',
  ],
  'too-few-inodes': [
    'The file system has too few free inodes for a build.',
    'Remove files, or name another folder with --output or --cache.',
  ],
  'no-space': ['The file system is full.', 'Free some space.'],
  'file-operation-failed': [
    'The host refused a file operation.',
    'Correct the cause that the message gives.',
  ],
  'scratch-taken': [
    'Another program removed or locked the scratch folder.',
    'Stop the program that uses it, then try again.',
  ],
  'lock-not-opened': ['A lock file cannot be opened.', 'Run mkma as the owner of the folder.'],
  'lock-failed': ['A lock cannot be taken.', 'Correct the cause that the message gives.'],
  'tree-is-link': [
    'A tree in the output folder is a symbolic link, which mkma does not follow.',
    'Put the folder itself there, or name the output folder with --output.',
  ],
  'mount-in-tree': [
    'Something is mounted in a tree that mkma would read or remove.',
    'Unmount what the message lists.',
  ],
  'mirror-invalid': ['--mirror is not an http, https, ftp or file URL.', 'Correct --mirror.'],
  'proxy-invalid': [
    '--proxy is not an http, https or socks5h URL with a host and a port.',
    'Correct --proxy; --proxy direct uses none.',
  ],
  'mirror-signature': [
    "The mirror's signature cannot be verified.",
    "Update this host's keys: apt-get install debian-archive-keyring.",
  ],
  'mirror-outdated': [
    "The mirror's lists have expired, or are not valid yet.",
    "Check this host's clock; use another mirror.",
  ],
  'no-such-suite': [
    'The mirror does not have this suite, or the URL is not a Debian mirror.',
    'Check --suite and --mirror.',
  ],
  'mirror-refuses': [
    'The mirror or a proxy refuses access without a login.',
    'Give one in apt_auth.conf(5), or in --proxy http://NAME:PASSWORD@HOST:PORT.',
  ],
  'mirror-certificate': [
    "The mirror's certificate is not trusted.",
    'Install the certificate authority with update-ca-certificates.',
  ],
  'mirror-name-unknown': [
    'The name of the mirror or of a proxy cannot be resolved.',
    'Check the network, --mirror and --proxy.',
  ],
  'mirror-unreachable': [
    'The mirror or a proxy does not accept connections.',
    'Check the network, --mirror and --proxy.',
  ],
  'mirror-file-wrong': [
    "A downloaded file does not match the mirror's lists.",
    'Try again later, use another mirror, or bypass the proxy: --proxy direct.',
  ],
  'mirror-lacks-file': [
    'The mirror lacks a file that its lists name.',
    'Try again later, or use another mirror.',
  ],
  'mirror-unavailable': [
    'The mirror or a proxy reports that it is unavailable.',
    'Try again later, or use another mirror.',
  ],
  'mirror-connection-broken': [
    'The connection to the mirror ended before the file was complete.',
    'Try again later, or use another mirror.',
  ],
  'repository-signature': [
    'A repository is not signed with the key that the definition names.',
    "Use the key that the repository's owner publishes now.",
  ],
  'repository-key-absent': [
    'There is no key at the URL that the definition gives.',
    'Correct the URL of the key.',
  ],
  'repository-key-invalid': [
    'The downloaded file contains no OpenPGP public key.',
    'Give the URL of the key itself.',
  ],
  'repository-key-mismatch': [
    'The fingerprint of the key differs from the one in the definition.',
    "Compare it with the fingerprint that the repository's owner publishes.",
  ],
  'repository-key-expired': [
    "A repository's key has expired.",
    "Check this host's clock; name the key that the owner uses now.",
  ],
  'package-not-installed': [
    "dpkg cannot install a package, as a rule since one of the package's own scripts fails.",
    'Read the last lines of the script; --debug-shell opens a shell in the tree at that point.',
  ],
  'url-absent': ['There is no file at a URL that the definition names.', 'Correct the URL.'],
  'url-digest-mismatch': [
    'A downloaded file has another SHA-256 than the definition names.',
    'Compare it with the one that the publisher gives; correct sha256 only if that is it.',
  ],
  'bootstrap-failed': [
    'Debian cannot be bootstrapped.',
    'Read the cause; --verbose shows all output of mmdebstrap and apt.',
  ],
  'hook-failed': [
    'A hook of the definition failed.',
    'Read the cause; --verbose shows all that the hook prints.',
  ],
  'hook-left-mount': [
    'A hook left a file system mounted; mkma unmounted it.',
    'Unmount it in the hook; copy what belongs into the image.',
  ],
  'own-build-failed': ['An entry of builds failed.', 'Read the cause; --verbose shows all that it prints.'],
  'dkms-build-failed': [
    'dkms cannot build a module for the kernel of the machine.',
    'Use a version of the module that supports this kernel, or remove it from packages.',
  ],
  'dkms-without-headers': [
    "dkms modules are not built: the kernel's headers are not installed.",
    'Add them to packages, such as linux-headers-amd64.',
  ],
  'kernel-missing': [
    'The files of the chosen kernel do not exist on this host.',
    'Choose one that is installed, or --kernel debian.',
  ],
  'no-depmod': ['No package of the machine contains depmod.', "Add 'kmod' to packages."],
  'no-modinfo': [
    'This host has no modinfo, so the firmware that drivers request is unknown.',
    'Install kmod.',
  ],
  'modules-without-index': [
    "The kernel's modules have no index (modules.dep).",
    'Run depmod RELEASE on them.',
  ],
  'modules-missing': [
    'The kernel lacks modules of the generic early boot set.',
    'Ignore it, unless the machine needs one of them for its storage or keyboard.',
  ],
  'modules-of-another-kernel': [
    'A module was built for a kernel other than the one that the machine boots.',
    "Build it for the machine's kernel, or update both with --refresh.",
  ],
  'other-kernel-left-out': [
    'Packages install a kernel other than the one that the machine boots; its modules are left out.',
    'Remove its package, or boot it with the field kernel.',
  ],
  'headers-of-another-kernel': [
    'The kernel headers are for a kernel other than the one that the machine boots.',
    'Add the headers that the message names to packages.',
  ],
  'devices-unknown': [
    "This host's devices cannot be listed, so modules cannot be left out.",
    'Build where /sys is mounted, or keep the modules.',
  ],
  'machine-id-missing': [
    'The machine has no file /etc/machine-id.',
    'Create an empty one: sudo mkma shell touch /etc/machine-id.',
  ],
  'tools-incomplete': [
    'The tools tree of early boot lacks a program or library.',
    'Report it as a bug, unless you changed that tree.',
  ],
  'chroot-edited': [
    'chroot/ was edited by hand, and the build would overwrite it.',
    'Keep the edits by building into another folder (--output), or discard them with --discard-edits.',
  ],
  'chroot-missing': ['There is no chroot/ to enter.', 'Build the machine first: mkma build.'],
  'tree-changed': [
    'The tree changed while it was being packed.',
    'Build again; make sure that no program writes to it.',
  ],
  'overlay-mark': [
    "A file has an extended attribute of overlayfs, on which the machine's overlay would act.",
    'Remove it with setfattr --remove, or build with --format cpio; save a layer with mkma persist.',
  ],
  'file-too-large': [
    'A cpio archive cannot hold a file of 4 GiB or more.',
    'Remove or split it; --format erofs keeps it in a base, --deselect excludes it from a layer.',
  ],
  'path-too-long': ['A cpio archive cannot hold a path this long.', 'Remove the file, or shorten its path.'],
  'mount-point-missing': [
    'The image has a file or link in place of a folder that early boot mounts onto.',
    'Make it a folder and build again.',
  ],
} as const;
