/** For files in progress: a RAM file system in the program's own mount namespace. */
export const WORK = '/run/mkma/work';
