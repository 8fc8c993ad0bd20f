/** Problems on the running machine: looking at its view, saving changes. */
export const MACHINE = {
  'not-booted-by-mkma': ['The machine was not booted by mkma.', 'Run the command on one that was.'],
  'boot-record-format': ['The record of the boot has another format.', 'Boot with a matching initramfs.'],
  'view-gone': ['/overlay was unmounted.', 'Copy what you want to keep, then boot again.'],
  'persist-running': ['Changes are being saved already.', 'Wait for it to end.'],
  'storage-changed': ['The medium is not as it was a moment ago.', 'Check which medium is attached.'],
  'storage-not-writable': ['The storage device cannot be written.', 'Check the medium with dmesg.'],
  'storage-full': ['The layer does not fit on the storage device.', 'Save less, or make room.'],
  'no-room': ['A file system of the machine is full.', 'Make room there.'],
  'no-temporary-file': ['No temporary file can be made.', 'Check /tmp.'],
  'editor-missing': ['There is no editor to choose with.', 'Set EDITOR, or use --all or --select.'],
  'editor-failed': ['The editor ended with an error.', 'Set VISUAL or EDITOR to another one.'],
  'edited-list-gone': ['The edited list was removed.', 'Try again.'],
  'edited-list-invalid': ['The edited list has a line that mkma did not write.', 'Delete whole lines only.'],
  'files-changing': ['Files were replaced whenever they were read.', 'Leave them out: --deselect.'],
  'packing-failed': ['The layer cannot be packed.', 'Check dmesg; lower --level where RAM ran out.'],
  'layer-unloadable': ['Early boot could not load the layer.', 'Save less at a time.'],
  'layer-uncertain': [
    'The layer is written; whether its name is on the medium is not certain.',
    'Check the medium, then whether the file is there.',
  ],
} as const;
