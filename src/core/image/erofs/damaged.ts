/** A file system that does not hold together; told as words. */
export class Damaged extends Error {}
