/** Problems of encrypted and logical volumes. */
export const OPENED_STORAGE = {
  'initramfs-cannot-open': [
    'The initramfs lacks what opens the storage that mkma_luks= or mkma_lvm= names.',
    "Add the kind to initramfs.storage in the definition, such as storage: ['luks'], and build again.",
  ],
  'luks-missing': [
    'The encrypted volume that mkma_luks= names did not appear.',
    'Attach the disk, correct the UUID (blkid prints it), or raise mkma_timeout=.',
  ],
  'luks-twice': [
    'Two encrypted volumes have the same UUID: one is a copy of the other.',
    'Detach the copy, or give it another UUID with cryptsetup luksUUID.',
  ],
  'luks-memory': [
    'Deriving the key of an encrypted volume (Argon2) takes more RAM than the machine has.',
    'Add RAM, or lower the need with cryptsetup luksConvertKey --pbkdf-memory.',
  ],
  'luks-locked': [
    'The storage is encrypted, and there is no key and nobody to ask for the passphrase.',
    'Run the command at a terminal; for automatic saving, set initramfs.keepKey in the definition.',
  ],
  'luks-key-not-kept': [
    'The volume has a LUKS1 header, whose key early boot cannot leave in the kernel (initramfs.keepKey).',
    'Convert it to LUKS2 elsewhere, while it is closed: cryptsetup convert --type luks2.',
  ],
  'luks-wrong-passphrase': [
    'The passphrase of the encrypted storage was wrong three times.',
    'Run the command again.',
  ],
  'key-file-unreadable': [
    'The key file that mkma_key= names cannot be read; the passphrase is asked for.',
    'Attach its device, or correct mkma_key= in the boot loader.',
  ],
  'lvm-missing': [
    'The volume group that mkma_lvm= names did not appear.',
    'Attach its disks, correct the name (lvs prints VG and LV), or name the encrypted disk that holds it.',
  ],
  'lvm-incomplete': [
    'Physical volumes of the volume group that mkma_lvm= names are missing.',
    'Attach the missing disks; if they are encrypted, name each with mkma_luks=.',
  ],
  'lvm-twice': [
    'Two volume groups have the name that mkma_lvm= names.',
    'Detach the other disk, or rename its group with vgrename.',
  ],
  'lvm-not-activated': [
    'The logical volume that mkma_lvm= names cannot be activated.',
    'Correct its name; early boot opens linear and striped volumes.',
  ],
  'volume-busy': [
    'An encrypted or logical volume cannot be closed: something uses it.',
    'End the programs that use it, unmount it, and close it: cryptsetup close, or lvchange -an.',
  ],
} as const;
