/** An inconsistent file system; the message says how. */
export class Damaged extends Error {}
