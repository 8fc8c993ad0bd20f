/** Options of `mkma run` and `mkma test` about disks, media, and the firmware that starts them. */
import { Option } from '@commander-js/extra-typings';
import { FIRMWARE } from '../qemu/firmware.js';
import { NVRAM } from '../qemu/medium.js';
import { type OwnDisk, parseOwnDisk } from '../qemu/own-disks.js';
import { DISK_BUSES } from '../tools/qemu-disks.js';

export const mediumOption = () =>
  new Option(
    '--medium <target>',
    'boot this raw disk image, ISO or whole device by its own boot loader, without changing it: what the machine writes is gone at its end. The images folder is not used. Default for --bus: usb, or cd if the name ends in .iso',
  );

export const busOption = (help: string) => new Option('--bus <kind>', help).choices(DISK_BUSES);

export const firmwareOption = (help: string) => new Option('--firmware <kind>', help).choices(FIRMWARE);

export const nvramOption = () =>
  new Option(
    '--nvram <kind>',
    'whether the UEFI firmware can store variables while the machine runs; with --medium they start without boot entries (default: writable)',
  ).choices(NVRAM);

export const diskOption = () =>
  new Option(
    '--disk <file>',
    'boot with this raw disk image instead of the virtual disk that mkma creates; FILE:ro attaches it read-only; repeatable. mkma then adds no storage parameters; give them with --append',
  ).argParser((text: string, before: readonly OwnDisk[] = []) => [...before, parseOwnDisk(text)]);

export const dataDiskOption = () =>
  new Option(
    '--data-disk <file>',
    'attach this raw disk image as well; it keeps what the machine writes to it; FILE:ro attaches it read-only; repeatable',
  ).argParser((text: string, before: readonly OwnDisk[] = []) => [...before, parseOwnDisk(text)]);
