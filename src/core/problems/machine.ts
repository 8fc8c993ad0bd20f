/** Problems on the running machine: looking at its view, saving changes. */
export const MACHINE = {
  'not-booted-by-mkma': [
    'The system was not booted by mkma.',
    'Run the command on a machine that was booted from images of mkma.',
  ],
  'boot-record-format': [
    'The record of this boot has a format that this mkma does not read.',
    'Boot with the initramfs of the build that made the base.',
  ],
  'view-gone': [
    '/overlay was unmounted, so base, layers and changes can no longer be told apart.',
    'Copy what you want to keep to another medium, then reboot.',
  ],
  'identity-setting-invalid': [
    'The file /etc/mkma/identity does not say to what a saved identity belongs.',
    'Write machine or medium into it, or remove it, which means machine.',
  ],
  'nothing-to-revert': [
    'The path, or the package, has not changed since it was saved.',
    'List the changes: mkma persist --all --dry-run.',
  ],
  'revert-in-the-way': [
    'A file or a mounted file system is in place of what would come back.',
    'Revert or unmount it first.',
  ],
  'revert-leaves-files': [
    'Files belong to an account that would be reverted without them.',
    'Name them as well; or save or delete them first.',
  ],
  'revert-failed': [
    'Not everything could be reverted.',
    'Check dmesg, then run mkma revert again: what is done is not listed any more.',
  ],
  'layers-locked': ['Another mkma persist or mkma layers is changing the layers.', 'Wait for it to end.'],
  'storage-changed': [
    'The storage device contains a different base, or lacks a snapshot that was there when mkma persist started.',
    'Check that the right medium is attached, then run mkma persist again.',
  ],
  'storage-not-writable': [
    'The storage device cannot be written.',
    'Remove its write protection; check the medium with dmesg and fsck.',
  ],
  'session-unmarked': [
    'The mark by which the next boot knows what was lost cannot be written.',
    'Free some space on the storage device.',
  ],
  'derived-failed': [
    'Caches such as ld.so.cache could not be made again for layers that are on other images.',
    'Correct the cause that is named, then run the tool by hand: ldconfig, glib-compile-schemas ...',
  ],
  'storage-full': ['The layer does not fit on the storage device.', 'Save less, or free some space on it.'],
  'no-room': ['A file system of the running machine is full.', 'Free some space in it.'],
  'no-temporary-file': [
    'A temporary file cannot be created in /tmp.',
    'Check that /tmp exists and is writable: findmnt --target /tmp.',
  ],
  'editor-missing': [
    'No editor was found.',
    'Set VISUAL or EDITOR, or choose with --all, --select or --deselect.',
  ],
  'editor-failed': [
    'The editor exited with an error; nothing was saved.',
    'Set VISUAL or EDITOR to another one.',
  ],
  'edited-list-gone': ['The edited list was removed.', 'Run mkma persist again.'],
  'rules-invalid': [
    'Lines of a file with rules for mkma persist are not understood.',
    'Correct the lines that are named.',
  ],
  'limits-contradict': [
    'Limits of rules for mkma persist contradict: the largest file is larger than the largest layer.',
    'Change one of them.',
  ],
  'package-unfinished': [
    'dpkg has begun to install or remove a package, and has not finished; mkma persist leaves it.',
    'Run dpkg --configure --pending, or name it: --select package:NAME.',
  ],
  'package-needs-another': [
    'Packages were chosen without others that they depend on.',
    'Choose both, or leave out both.',
  ],
  'edited-list-invalid': [
    'The edited list contains a line that mkma did not write.',
    'Delete whole lines only.',
  ],
  'files-changing': [
    'Files were removed or replaced each time mkma read them.',
    'End the program that does this, or exclude them with --deselect.',
  ],
  'files-unsettled': [
    'The layer was saved, but some files are not as they were at the moment of all others: they changed while they were read, and the programs that write them could not be made to stand still.',
    'Save again, end these programs, or raise --max-freeze.',
  ],
  'packing-failed': ['The layer cannot be packed.', 'Check dmesg; if RAM ran out, use a lower --level.'],
  'layer-unloadable': [
    'Early boot could not load a layer of this size; nothing was saved.',
    'Save less at a time, or exclude files with many or large attributes: --deselect.',
  ],
  'layer-uncertain': [
    'The layer is complete, but its name may not be on the medium yet.',
    'Check the medium with dmesg, then whether the file exists.',
  ],
} as const;
