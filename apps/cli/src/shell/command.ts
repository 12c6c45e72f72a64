import type { Command } from "commander";
import type { Palette } from "./palette.ts";

/** What a command module exports. It is loaded only when its own command is called. */
export interface CommandModule {
  /** Adds arguments, options and examples; name and summary stand in the command tree already. */
  configure(command: Command): void;
  run(call: CommandCall): Promise<CommandResult>;
  /** How long it may take to stop after Ctrl-C; two seconds unless it says otherwise. */
  readonly stopMsMax?: number;
}

export interface CommandCall {
  /** Positional words, in the order of `configure`. A variadic argument is an array. */
  readonly words: readonly (string | readonly string[] | undefined)[];
  /** Options by their camel-cased long name. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly context: CommandContext;
}

export interface CommandContext {
  /** Aborted by Ctrl-C. A command stops at the next safe point, cleans up and rejects. */
  readonly signal: AbortSignal;
  /** Machine output was asked for: `text` of the result is not rendered. */
  readonly json: boolean;
  /** Colours for standard output; functions that change nothing when it is no terminal. */
  readonly palette: Palette;
  /** One line for people, on standard error. */
  readonly note: (line: string) => void;
  /**
   * For work that may compute for seconds without a pause, during which no signal can be heard: meanwhile Ctrl-C ends
   * the process at once. Such work must leave nothing half done.
   */
  readonly interruptibly: <T>(work: () => Promise<T>) => Promise<T>;
  readonly withProgress: <T>(label: string, total: number, work: (report: Report) => Promise<T>) => Promise<T>;
}

/** Tells how many of `total` units are done. Cheap: call it per unit. */
export type Report = (done: number) => void;

export interface CommandResult {
  /** 0: done, and nothing was found. 1: done, and what was looked for was found (a lint, a difference). 2: nothing to do it on. */
  readonly exitCode: 0 | 1 | 2;
  /** What `--json` prints; undefined prints nothing. */
  readonly json: unknown;
  /** What people read, without a final line break; nothing when it is empty. Called only when it is printed. */
  readonly text: () => string | Promise<string>;
}
