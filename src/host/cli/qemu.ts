import { Command } from '@commander-js/extra-typings';
import type { BuildSettings } from '../steps/settings.js';
import type { Session } from './session.js';
export function runCommand(_s: Session, _e: (c: number) => void) {
  return new Command('run');
}
export function testCommand(_s: Session, _e: (c: number) => void) {
  return new Command('test');
}
export async function bootAfterBuild(_s: Session, _b: BuildSettings, _y: boolean): Promise<number> {
  return 0;
}
