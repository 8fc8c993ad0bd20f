/** Starts pipelines for a program that is too large to do so itself: `start.js LANES`. */
import { programArguments } from '../qjs/program.js';
import { serveStarter } from '../qjs/starter.js';

serveStarter(Number(programArguments()[0]));
