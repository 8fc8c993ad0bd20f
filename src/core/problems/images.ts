/** Problems with images and layers, wherever they are read. */
export const IMAGES = {
  'image-damaged': [
    'The contents of an image do not match its manifest or checksums.',
    'Copy it again from an intact copy, or build or save it again.',
  ],
  'image-unreadable': [
    'An image cannot be opened or read.',
    'Check its permissions; check the medium with dmesg.',
  ],
  'image-empty': ['An image file has 0 bytes.', 'Copy, build or save it again.'],
  'image-kind': [
    'A base was found where a layer is expected, or vice versa, or the file is not an mkma image.',
    'Rename it, or put the right file in its place.',
  ],
  'image-format': [
    'This version of mkma does not support the format of the image.',
    'Build image and initramfs with the same version of mkma.',
  ],
  'image-needs-newer-mkma': [
    'The image uses features of a newer mkma.',
    'Build the initramfs with a version of mkma at least as new as that of the image.',
  ],
  'kernel-lacks-metacopy': [
    'A layer has the metadata of files without their content, and the overlay of this kernel cannot combine them.',
    'Boot with the kernel of the suite (Linux 4.19 or newer).',
  ],
  'image-incomplete': [
    'Fewer files were unpacked than the manifest lists.',
    'Copy or build the image again.',
  ],
  'image-missing': [
    'The folder contains no image to boot.',
    'Build it (mkma build), or name the folder with --output.',
  ],
  'images-mixed': [
    'Base, initramfs and kernel of a folder are not of one build, as a build that was cut off while it published leaves them.',
    'Build again (mkma build), or use a generation: mkma generations list.',
  ],
  'no-such-generation': [
    'The images folder has no generation with this number.',
    'List them: mkma generations list.',
  ],
  'generation-incomplete': [
    'A generation lacks a base, an initramfs or a kernel, so it gets no boot loader entry.',
    'Copy what is missing into it, or drop it.',
  ],
  'generation-held': [
    'The generation is the running one, the default or pinned, and is not dropped.',
    'Use another one, or unpin it.',
  ],
  'generation-no-room': [
    'A generation has to be copied, and there is not enough room.',
    'Drop one, or keep the images on a file system with hard links.',
  ],
  'entries-not-updated': [
    'The generations changed, but the boot loader entries could not be updated.',
    'Run mkma boot-entry --write where the boot loader is.',
  ],
  'base-missing': [
    'The images folder on the storage device contains no base.',
    'Copy the base there, or correct mkma_images_path=.',
  ],
  'base-unused': ['The folder contains a second base, which is not used.', 'Remove the one you do not need.'],
  'initramfs-damaged': ['The initramfs is damaged, or from another version of mkma.', 'Build it again.'],
  'images-unreliable': [
    'mkma layers verify found images that are damaged.',
    'Copy them again from an intact copy, or drop them: mkma layers drop NAME.',
  ],
  'images-changed': [
    'The images changed while they were being copied.',
    'Wait for the build that writes them, then try again.',
  ],
  'images-folder-missing': [
    'The images folder does not exist on the storage device.',
    'Correct mkma_images_path=: it is relative to the top of that file system.',
  ],
  'images-folder-unreadable': ['The images folder cannot be read.', 'Name the folder with --output.'],
  'images-folder-not-writable': [
    'A file in the images folder cannot be changed.',
    'Check permissions; check the medium with dmesg.',
  ],
  'images-of-another-definition': [
    'The images were built from another definition or preset.',
    'Name that one with --config or --preset, name other images with --output, or build again.',
  ],
  'definition-changed': [
    'The definition has changed since the images were built.',
    'Build again: mkma build.',
  ],
  'archive-escapes': [
    'An archive wrote outside of its folder through links that it contains.',
    'Do not use the image; get it from a trusted source.',
  ],
  'unpacking-failed': ['An image cannot be unpacked.', 'Copy or build it again.'],
  'metadata-unrestored': [
    'Deletions or extended attributes of an image cannot be restored.',
    'Copy or build it again.',
  ],
  'no-such-layer': ['There is no layer of this name.', 'Use one that mkma layers list shows.'],
  'layer-unchanged': ['The layer is already enabled or disabled.', 'Check its state with mkma layers list.'],
  'layer-file-exists': [
    'A layer cannot be enabled or disabled: its new file name already exists.',
    'Drop one of the two: mkma layers drop NAME.',
  ],
  'layer-needed': [
    'Another layer was made after this one and depends on it.',
    'Disable it (mkma layers disable NAME), or drop it with --force.',
  ],
  'layer-other-accounts': [
    'The layer contains account files but was made on top of different accounts; applied, it would replace those of the base.',
    'Build the base with what the layer contains, or save the change again; mkma_layers=!NAME applies the layer regardless.',
  ],
  'layer-other-packages': [
    "The layer contains dpkg's database but was made on top of different packages.",
    'Build the base with what the layer contains, or save the change again; mkma_layers=!NAME applies the layer regardless.',
  ],
  'layer-other-owners': [
    'User or group IDs in the layer belong to different accounts here.',
    'Save the change again; mkma_layers=!NAME applies the layer regardless.',
  ],
  'layer-merged': [
    'The layer was merged into another one, and its file was not removed then: power was lost, or the medium failed.',
    'Run mkma layers merge, which removes it.',
  ],
  'layer-not-mergeable': [
    'A layer cannot become one with its neighbours: it is not applied, or they were made on others.',
    'Merge those below and above it by themselves: mkma layers merge FROM..TO.',
  ],
  'layer-order': [
    'A layer cannot have this name: it would be applied elsewhere in the order, or a layer has it.',
    'Choose another label.',
  ],
  'layer-there': [
    'A layer to import is in the images folder already.',
    'Enable it if it is disabled: mkma layers enable NAME.',
  ],
  'layer-unverifiable': [
    'A file to import or export has no manifest of mkma, so nothing shows whether it is whole.',
    'Copy it by hand.',
  ],
  'layer-of-identity': [
    'The layer says who this machine is, and copies must not share that.',
    'Leave it out, or use --identity.',
  ],
  'file-exists': ['The file to write exists.', 'Name another one, or use --force.'],
  'copy-failed': ['A layer cannot be copied.', 'Check the room and the permissions there, and dmesg.'],
  'too-many-layers': [
    'There are more layers than the 499 that an overlay can hold beside the base.',
    'Make one of several: mkma layers merge; or drop some: mkma layers drop NAME.',
  ],
  'path-in-no-image': [
    'Neither the base nor a layer contains the path.',
    'Give the absolute path; changes since boot are not in any image yet.',
  ],
  'identity-of-another-machine': [
    'A layer has the identity of a machine, and is bound to other hardware than this.',
    'Save one for this machine as well: mkma persist --identity.',
  ],
  'identity-replaced': [
    'A layer has an identity that a newer one replaces.',
    'Remove it: mkma layers drop NAME.',
  ],
  'not-comparable': [
    'A folder cannot be compared with a file.',
    'Name two images, or two folders of images.',
  ],
} as const;
