/** The machine that a definition's tests are given: one after another, with boots of it in between. */
import { readFileSync } from 'node:fs';
import type { Screen } from '../screen/screen.js';
import { type Heard, hear } from '../screen/wave.js';
import type { Running } from '../sys/run.js';
import { Agent, type Ended, type Limits, MachineLost, timer } from './agent.js';

/** Packages that play sound: a machine with one of them gets a sound card. */
export const SOUND_PACKAGES = ['pipewire', 'pulseaudio', 'alsa-utils'];

export interface MachineSettings {
  readonly screen: Screen;
  /** What QEMU records of what the machine plays; absent: it has no sound card. */
  readonly sound: string | undefined;
  /** Start QEMU for another boot of the machine, with the same disk. */
  readonly bootAgain: () => Promise<Running>;
  /** Resolves to what the console says where the kernel panics. */
  readonly panic: Promise<string>;
  /** Seconds for a boot, and for going down. */
  readonly seconds: number;
}

export class TestedMachine {
  #qemu: Running;
  #agent: Agent;
  #rebooting = false;
  /** What is done with the machine now and next: one thing at a time. */
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

  /** What it has played since its boot. */
  heard(): Heard {
    const { sound } = this.settings;
    if (sound === undefined) {
      throw new Error(
        `the machine has no sound card: none of ${SOUND_PACKAGES.join(', ')} is among its packages`,
      );
    }
    return hear(readFileSync(sound));
  }

  /** Why nothing more can be done with the machine; `undefined`: it can. */
  get lost(): string | undefined {
    return this.#agent.lost;
  }

  /** Wait until the machine takes commands, after its first boot. */
  ready(): Promise<void> {
    return this.#queue(() => this.#awaitAgent());
  }

  /** Run a command to its end. Throws {@link MachineLost}. */
  run(command: string, limits: Limits): Promise<Ended> {
    return this.#queue(() => this.#agent.run(command, limits));
  }

  /** Boot the machine again, and wait until it takes commands. Throws {@link MachineLost}. */
  reboot(): Promise<void> {
    return this.#queue(() => this.#reboot());
  }

  /** Wait until all that was asked of the machine is done. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Tell the machine to power off; one that is lost is ended. Resolves to the QEMU that runs it. */
  async powerOff(): Promise<Running> {
    await this.settled();
    if (this.lost === undefined) this.#agent.tell('poweroff');
    else this.kill();
    return this.#qemu;
  }

  /** End the machine at once. */
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
      if (ended === undefined) this.#agent.lose('the machine did not go down to boot again');
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
