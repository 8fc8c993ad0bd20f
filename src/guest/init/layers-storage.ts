/** The device with layers, where `mkma_layers_device=` names another one than that of the images. */
import { PARAM } from '../../core/contract.js';
import { renderProblem } from '../../core/result.js';
import { mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { LAYERS_STORAGE, STORAGE } from './folders.js';
import type { Drivers } from './modules.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import { findStorage, mountStorage, type Storage } from './storage.js';

/** Where a boot finds its layers. */
export interface LayersPlace {
  /** Mount point of their file system. */
  readonly root: string;
  /** The folder on it, without a trailing slash. */
  readonly path: string;
  /** The device, if it is one of its own; absent: that of the images, or it did not appear. */
  readonly storage?: Storage;
  /** Why the machine boots without layers. */
  readonly warnings: readonly string[];
}

/** Mounts it, if there is one; a machine whose device is missing boots without layers, and says so. */
export function findLayersPlace(machine: GuestSystem, settings: Settings, drivers: Drivers): LayersPlace {
  const { layersAt } = settings;
  if (layersAt === undefined) return { root: STORAGE, path: settings.path, warnings: [] };
  const { asked, device: name, path } = layersAt;
  const place = { root: LAYERS_STORAGE, path };
  mustMakeFolder(machine, LAYERS_STORAGE);
  const found = findStorage(machine, { ...settings, device: { asked, name } }, drivers);
  const mounted = found.ok ? mountStorage(machine, found.value, drivers, LAYERS_STORAGE) : found;
  if (mounted.ok) return { ...place, storage: mounted.value, warnings: mounted.value.warnings };
  const lines = renderProblem({
    ...mounted.problem,
    where: `${PARAM.layersDevice}=${asked}`,
    next: `attach the device and boot again, or correct ${PARAM.layersDevice} in the boot loader`,
  });
  const warning = ['layers are LEFT OUT: their device cannot be used', ...lines].join('\n');
  say(machine, `warning: ${warning}`);
  return { ...place, warnings: [warning] };
}
