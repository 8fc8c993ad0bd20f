/** The machine that a definition's tests run on, one after another, with boots in between. */
import { readFileSync } from 'node:fs';
import type { Screen } from '../screen/screen.js';
import { type Heard, hear } from '../screen/wave.js';
import type { Running } from '../sys/run.js';
import { Agent, type Ended, type Limits, MachineLost, timer } from './agent.js';

/** Packages that play sound: a machine with one of them gets a sound card. */
export const SOUND_PACKAGES = ['pipewire', 'pulseaudio', 'alsa-utils'];

export interface MachineSettings {
  readonly screen: Screen;
  /** QEMU's recording of what the machine plays; absent: it has no sound card. */
  readonly sound: string | undefined;
  /** Starts QEMU for another boot of the machine, with the same disk. */
  readonly bootAgain: () => Promise<Running>;
  /** Resolves to the console's line if the kernel panics. */
  readonly panic: Promise<string>;
  /** Seconds for a boot, and for a shutdown. */
  readonly seconds: number;
}

export class TestedMachine {
  #qemu: Running;
  #agent: Agent;
  #rebooting = false;
  /** The queue of what is done with the machine: one thing at a time. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly settings: MachineSettings,
    first: Running,
  ) {
    this.#qemu = first;
    this.#agent = this.#attach(first);
    settings.panic.then((line) => this.#agent.lose(`the machine's kernel panicked: ${line}`));
  }

  get screen(): Screen {
    return this.settings.screen;
  }

  /** What it has played since boot. */
  heard(): Heard {
    const { sound } = this.settings;
    if (sound === undefined) {
      throw new Error(
        `the machine has no sound card: none of ${SOUND_PACKAGES.join(', ')} is among its packages`,
      );
    }
    return hear(readFileSync(sound));
  }

  /** Why the machine is lost; `undefined`: it is not. */
  get lost(): string | undefined {
    return this.#agent.lost;
  }

  /** Waits until the machine accepts commands, after its first boot. */
  ready(): Promise<void> {
    return this.#queue(() => this.#awaitAgent());
  }

  /** Runs a command to its end. Throws {@link MachineLost}. */
  run(command: string, limits: Limits): Promise<Ended> {
    return this.#queue(() => this.#agent.run(command, limits));
  }

  /** Reboots the machine, and waits until it accepts commands. Throws {@link MachineLost}. */
  reboot(): Promise<void> {
    return this.#queue(() => this.#reboot());
  }

  /** Waits until everything requested of the machine is done. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Powers the machine off; ends it if it is lost. Resolves to the QEMU that runs it. */
  async powerOff(): Promise<Running> {
    await this.settled();
    if (this.lost === undefined) this.#agent.tell('poweroff');
    else this.kill();
    return this.#qemu;
  }

  /** Ends the machine at once. */
  kill(): void {
    this.#qemu.kill('SIGKILL');
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  #attach(qemu: Running): Agent {
    const agent = new Agent(qemu);
    qemu.ended.then((ended) => {
      if (this.#rebooting && ended.ok && ended.value.exitCode === 0) return;
      const code = ended.ok ? ended.value.exitCode : undefined;
      agent.lose(code === 0 ? 'the machine ended' : `QEMU ended (exit code ${code ?? 'unknown'})`);
    });
    return agent;
  }

  async #awaitAgent(): Promise<void> {
    if (await this.#agent.ready(this.settings.seconds)) return;
    this.#agent.lose(`the machine was not up within ${this.settings.seconds} seconds`);
    throw new MachineLost(this.lost);
  }

  async #reboot(): Promise<void> {
    if (this.lost !== undefined) throw new MachineLost(this.lost);
    this.#rebooting = true;
    try {
      this.#agent.tell('reboot');
      using time = timer(this.settings.seconds);
      const ended = await Promise.race([this.#qemu.ended, time.up]);
      if (ended === undefined) this.#agent.lose('the machine did not shut down to reboot');
      if (this.lost !== undefined) throw new MachineLost(this.lost);
      this.screen.forget();
      this.#qemu = await this.settings.bootAgain();
    } catch (cause) {
      this.#agent.lose(`the machine could not be started again: ${(cause as Error).message}`);
      throw cause;
    } finally {
      this.#rebooting = false;
    }
    this.#agent = this.#attach(this.#qemu);
    await this.#awaitAgent();
  }
}
