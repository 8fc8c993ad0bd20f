/** All of them. */
import { CORE } from './core.js';
import { GENERATIONS } from './generations.js';
import { GUEST } from './guest.js';
import { HOST } from './host.js';
import { MEDIA } from './media.js';
import { MOMENT } from './moment.js';
import type { Mutation } from './mutation.js';
import { PACKAGES } from './packages.js';
import { SAVED } from './saved.js';
import { STORAGE } from './storage.js';

export const MUTATIONS: readonly Mutation[] = [
  ...CORE,
  ...GENERATIONS,
  ...GUEST,
  ...HOST,
  ...MEDIA,
  ...MOMENT,
  ...PACKAGES,
  ...SAVED,
  ...STORAGE,
];
