/** The record that a boot leaves for the running machine. */
import type { BootRecord } from '../../core/boot/record.js';
import { type Boot, known } from './boot-state.js';
import { measure } from './ram.js';

/** Where layers are saved, if not beside the base. */
function layersRecord({ settings, layersPlace }: Boot): Pick<BootRecord, 'layersStorage'> {
  const { layersAt } = settings;
  if (layersAt === undefined) return {};
  const { node = '', type = 'auto' } = layersPlace?.storage ?? {};
  const path = layersAt.path === '' ? '/' : layersAt.path;
  return { layersStorage: { asked: layersAt.asked.replace(/:\/.*/, ''), device: node, type, path } };
}

/** At the handover, `now` seconds after the kernel started. */
export function bootRecord(boot: Boot, now: number): BootRecord {
  const { machine, settings, phases, started } = boot;
  const room = measure(machine);
  const storage = known(boot.storage);
  const { files, warnings } = known(boot.composed);
  return {
    format: 1,
    storage: {
      asked: settings.device?.asked ?? '',
      device: storage.node,
      type: storage.type,
      path: settings.path === '' ? '/' : settings.path,
      ...(known(boot.others).length === 0 ? {} : { others: known(boot.others) }),
      ...(settings.opening === undefined ? {} : { opening: settings.opening }),
      ...(known(boot.initramfs).keepKey === true ? { keepKey: true } : {}),
    },
    ...layersRecord(boot),
    images: boot.images,
    leftOut: boot.leftOut,
    ...(files.length === 0 ? {} : { composed: files }),
    ...(boot.lastSession === undefined ? {} : { lastSession: boot.lastSession }),
    identity: known(boot.identity),
    warnings: [
      ...storage.warnings,
      ...known(boot.layersPlace).warnings,
      ...known(boot.base).warnings,
      ...known(boot.choice).warnings,
      ...warnings,
      ...known(boot.stackWarnings),
    ],
    ramBytes: known(boot.ramBytes),
    usedBytes: room.bytes - room.freeBytes,
    availableBytes: known(boot.availableBytes),
    phases,
    started,
    handover: now,
  };
}
