/** Words and limits that both a field of a definition and an option of the command line take. */

/** What can be left out of a machine, in the order in which it is told. */
export const PARTS = ['docs', 'locales', 'modules', 'firmware'] as const;
export type Part = (typeof PARTS)[number];

/** Sets of kernel modules for early boot. */
export const MODULE_SETS = ['generic', 'hardware'] as const;
export type ModuleSet = (typeof MODULE_SETS)[number];

/** Percent of the RAM that a swap in RAM may be large, before compression: what fits if it shrinks to a half. */
export const ZRAM_MOST = 200;
