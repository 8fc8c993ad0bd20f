/** Words of the kernel command line that every machine of the tests is booted with. */

/**
 * QEMU 7.2 translates a library's page once for each address that it has in some process, and looks through all of these
 * translations whenever one goes: where libraries always have the same address, machines boot in 7 tenths of the time. Nor does the
 * kernel try out its ciphers, which takes a tenth of a boot to early boot's end (notes/qemu.md).
 */
export const FAST = 'norandmaps cryptomgr.notests=1';
