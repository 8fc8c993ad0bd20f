/** What a disk is and what will become of it, for the person who is asked. Pure. */
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { formatBytes } from '../../core/text/size.js';
import { allOf, type BlockDevice } from './block-device.js';

/** The disk and what is on it. Names on a disk are anybody's: no character of them controls a terminal. */
export function deviceLines(device: BlockDevice): string[] {
  return linesOf(device).map((line) => line.replace(/\p{C}/gu, '?'));
}

function linesOf(device: BlockDevice): string[] {
  const { path, model, size, tran, serial } = device;
  const facts = [model?.trim() || 'no model name', formatBytes(size), `bus ${tran ?? 'unknown'}`];
  const known = serial?.trim();
  const parts = allOf(device).slice(1);
  return [
    `${path}: ${[...facts, known ? `serial number ${known}` : 'no serial number'].join(', ')}`,
    ...(parts.length === 0 ? [`  ${contentOf(device) || 'no partitions, no file system'}`] : []),
    ...parts.map(
      (part) => `  ${[part.path, formatBytes(part.size), contentOf(part) || 'no file system'].join('  ')}`,
    ),
  ];
}

function contentOf({ fstype, label, partlabel }: BlockDevice): string {
  const names = [label, partlabel].flatMap((name) => (name === null || name === '' ? [] : [`"${name}"`]));
  return [fstype, ...new Set(names)].filter((text) => text !== null && text !== '').join(' ');
}

/** What writing does, said before it starts. */
export function consequenceLines(update: boolean): string[] {
  return update
    ? ['It is a medium of mkma: a generation is added, the others and all layers stay.']
    : [
        'All of it will be overwritten. From the first moment on nothing that is there now boots,',
        'and until the end nothing new does: an interruption leaves an empty disk.',
      ];
}

/** How to make room on a medium. */
export function dropText(target: string, encrypted: boolean): string {
  const reach = encrypted
    ? `open the fourth partition of ${target} (cryptsetup open), mount it`
    : `mount the third partition of ${target}`;
  return `${reach} and drop one: mkma generations drop N --output MOUNTPOINT${MEDIUM.images}`;
}

/** What boots it; a kernel without a signature is refused with Secure Boot on. */
export function bootsText(signed: boolean): string {
  return signed
    ? 'It boots PCs by BIOS, by UEFI, and by UEFI with Secure Boot on'
    : 'It boots PCs by BIOS and by UEFI, but not with Secure Boot on: its kernel is not signed';
}

/** What Secure Boot covers, and what it does not. */
export const PROTECTION: readonly string[] = [
  'With Secure Boot on, firmware and shim verify shim, GRUB and the kernel. Nothing verifies the initramfs,',
  'the command line, the base and the layers: whoever can write to the medium can change them.',
];
