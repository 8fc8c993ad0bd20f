/** For what is on its way: a RAM file system of the program's own mount namespace. */
export const WORK = '/run/mkma/work';
