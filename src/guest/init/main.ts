/** The program that /init runs: exit code 0 where the stub may hand over, 1 where init has said why not. */
import { exit, quickjsMachine } from '../qjs.js';
import { bootMachine } from './boot.js';

exit(bootMachine(quickjsMachine()) ? 0 : 1);
