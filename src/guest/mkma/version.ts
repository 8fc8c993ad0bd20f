/** The version of mkma that the program was built from, inserted by the build (scripts/build.mjs). */
declare const MKMA_VERSION: string | undefined;

export const VERSION: string = typeof MKMA_VERSION === 'undefined' ? 'unbuilt' : MKMA_VERSION;
