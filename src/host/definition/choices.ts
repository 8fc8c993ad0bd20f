/** Values and limits shared by fields of a definition and options of the command line. */

/** Parts that can be left out of a machine, in the order in which they are listed. */
export const PARTS = ['docs', 'locales', 'modules', 'firmware'] as const;
export type Part = (typeof PARTS)[number];

/** Sets of kernel modules for early boot. */
export const MODULE_SETS = ['generic', 'hardware'] as const;
export type ModuleSet = (typeof MODULE_SETS)[number];

/** Maximum size of swap in RAM, in percent of the RAM, before compression: what fits if it halves. */
export const ZRAM_MOST = 200;
