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
    name: "up",
    summary: "run Gateway, DAG Manager and WorldService in one process",
    load: () => import("../bodies/up.ts"),
  },
  {
    name: "project",
    summary: "start a project of one's own",
    commands: [
      {
        name: "init",
        summary: "write a project with a strategy, tests and, when asked, sample data",
        load: () => import("../bodies/project-init.ts"),
      },
    ],
  },
  {
    name: "report",
    summary: "show the report of a run",
    load: () => import("../bodies/report.ts"),
  },
  {
    name: "graph",
    summary: "draw the nodes of a strategy",
    load: () => import("../bodies/graph.ts"),
  },
  {
    name: "reproduce",
    summary: "run a recorded run again and compare it byte for byte",
    load: () => import("../bodies/reproduce.ts"),
  },
  {
    name: "data",
    summary: "look after data files",
    commands: [
      {
        name: "check",
        summary: "find gaps, duplicates and impossible values in a data file",
        load: () => import("../bodies/data-check.ts"),
      },
    ],
  },
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
    name: "sweep",
    summary: "run a strategy with every combination of parameter values",
    load: () => import("../bodies/sweep.ts"),
  },
  {
    name: "explain",
    summary: "why an order was sent, or none was; what strategies share",
    load: () => import("../bodies/explain.ts"),
  },
  {
    name: "service",
    summary: "run one service",
    commands: [
      {
        name: "gateway",
        summary: "run the Gateway",
        load: () => import("../bodies/service-gateway.ts"),
      },
      {
        name: "dagmanager",
        summary: "run the DAG Manager",
        commands: [
          {
            name: "server",
            summary: "run the DAG Manager",
            load: () => import("../bodies/service-dagmanager.ts"),
          },
          {
            name: "metrics",
            summary: "serve the metrics of the DAG Manager that runs on another port",
            load: () => import("../bodies/service-dagmanager-metrics.ts"),
          },
        ],
      },
      {
        name: "token",
        summary: "make a token for a user or a runner",
        load: () => import("../bodies/service-token.ts"),
      },
    ],
  },
  {
    name: "config",
    summary: "settings of the services",
    commands: [
      {
        name: "validate",
        summary: "check qmtl.yml, and whether the services it names answer",
        load: () => import("../bodies/config-validate.ts"),
      },
      {
        name: "generate",
        summary: "write a qmtl.yml with every setting and its default",
        load: () => import("../bodies/config-generate.ts"),
      },
      {
        name: "env",
        summary: "settings as environment variables",
        commands: [
          {
            name: "export",
            summary: "print assignments for a shell",
            load: () => import("../bodies/config-env-export.ts"),
          },
          {
            name: "show",
            summary: "list the variables that are set, secrets masked",
            load: () => import("../bodies/config-env-show.ts"),
          },
          {
            name: "clear",
            summary: "print a script that unsets them",
            load: () => import("../bodies/config-env-clear.ts"),
          },
        ],
      },
    ],
  },
  {
    name: "tools",
    summary: "work on strategy files and results",
    commands: [
      {
        name: "sdk",
        summary: "run strategies",
        commands: [
          {
            name: "run",
            summary: "run a strategy over its history",
            load: () => import("../bodies/sdk-run.ts"),
          },
          {
            name: "offline",
            summary: "backtest a strategy, without a server",
            load: () => import("../bodies/sdk-offline.ts"),
          },
        ],
      },
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
