/** The program `mkma` of the running machine. */
import { exit, programArguments, quickjsMachine, quickjsTerminal } from '../qjs.js';
import { runProgram } from './program.js';

exit(await runProgram(programArguments(), { machine: quickjsMachine(), terminal: quickjsTerminal() }));
