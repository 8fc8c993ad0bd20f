/** Starts programs for one that is too large to do so itself. */
import { serveStarter } from '../qjs/starter.js';

serveStarter();
