import type { CommandModule } from "../shell/index.ts";

/** What `qmtl --help` knows of a command. The command's own code is loaded when it is called. */
export interface CommandLeaf {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: CommandModule }>;
}

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandEntry[];
}

export type CommandEntry = CommandLeaf | CommandGroup;

export const commandTree: readonly CommandEntry[] = [
  {
    name: "verify",
    summary: "prove things about a strategy on your own data",
    commands: [
      {
        name: "parity",
        summary: "batch, stream and restarts give the same bits",
        load: () => import("../bodies/verify-parity.ts"),
      },
      {
        name: "lookahead",
        summary: "no node's past changes when later rows arrive",
        load: () => import("../bodies/verify-lookahead.ts"),
      },
    ],
  },
  {
    name: "explain",
    summary: "why an order was sent, or none was; what strategies share",
    load: () => import("../bodies/explain.ts"),
  },
  {
    name: "tools",
    summary: "work on strategy files and results",
    commands: [
      {
        name: "report",
        summary: "turn a file of returns into a Markdown report",
        load: () => import("../commands/tools-report.ts"),
      },
      {
        name: "taglint",
        summary: "check the TAGS of node modules",
        load: () => import("../commands/tools-taglint.ts"),
      },
    ],
  },
];
