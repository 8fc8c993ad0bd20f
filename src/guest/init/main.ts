/** The program that /init runs: exit code 0 where the stub may hand over, 10 where init has said why not. */
import { quickjsMachine } from '../qjs/machine.js';
import { exit } from '../qjs/program.js';
import { bootMachine } from './boot.js';

/** No code that QuickJS or the shell ends with by themselves: init.sh tells of those. */
const TOLD = 10;

exit(bootMachine(quickjsMachine()) ? 0 : TOLD);
