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

const worlds = () => import("../worlds/index.ts");

export const commandTree: readonly CommandEntry[] = [
  {
    name: "up",
    summary: "run Gateway, DAG Manager and WorldService in one process",
    load: () => import("../bodies/up.ts"),
  },
  {
    name: "world",
    summary: "worlds: policies, decisions, activation, audit",
    commands: [
      {
        name: "create",
        summary: "make a world",
        load: async () => ({ command: (await worlds()).worldCommands["create"] }),
      },
      {
        name: "list",
        summary: "the worlds there are",
        load: async () => ({ command: (await worlds()).worldCommands["list"] }),
      },
      {
        name: "show",
        summary: "one world",
        load: async () => ({ command: (await worlds()).worldCommands["show"] }),
      },
      {
        name: "delete",
        summary: "remove a world; its audit trail stays",
        load: async () => ({ command: (await worlds()).worldCommands["delete"] }),
      },
      {
        name: "decide",
        summary: "what the world may do now, and why",
        load: async () => ({ command: (await worlds()).worldCommands["decide"] }),
      },
      {
        name: "evaluate",
        summary: "what its policy would decide on these figures",
        load: async () => ({ command: (await worlds()).worldCommands["evaluate"] }),
      },
      {
        name: "apply",
        summary: "carry out a decision: freeze, switch, unfreeze",
        load: async () => ({ command: (await worlds()).worldCommands["apply"] }),
      },
      {
        name: "explain",
        summary: "every input, gate and score behind the last decision",
        load: async () => ({ command: (await worlds()).worldCommands["explain"] }),
      },
      {
        name: "kill",
        summary: "stop every order of the world at once",
        load: async () => ({ command: (await worlds()).worldCommands["kill"] }),
      },
      {
        name: "revive",
        summary: "take a kill back",
        load: async () => ({ command: (await worlds()).worldCommands["revive"] }),
      },
      {
        name: "unfreeze",
        summary: "open a world whose apply was rolled back",
        load: async () => ({ command: (await worlds()).worldCommands["unfreeze"] }),
      },
      {
        name: "audit",
        summary: "everything that was changed, by whom",
        load: async () => ({ command: (await worlds()).worldCommands["audit"] }),
      },
      {
        name: "replay-policy",
        summary: "what a policy would have done on recorded evaluations",
        load: async () => ({ command: (await worlds()).worldCommands["replay-policy"] }),
      },
      {
        name: "policy",
        summary: "policies of a world",
        commands: [
          {
            name: "add",
            summary: "add a version",
            load: async () => ({ command: (await worlds()).policyCommands["add"] }),
          },
          {
            name: "list",
            summary: "versions of a world",
            load: async () => ({ command: (await worlds()).policyCommands["list"] }),
          },
          {
            name: "show",
            summary: "one version",
            load: async () => ({ command: (await worlds()).policyCommands["show"] }),
          },
          {
            name: "set-default",
            summary: "choose the version that decides",
            load: async () => ({ command: (await worlds()).policyCommands["set-default"] }),
          },
        ],
      },
      {
        name: "activation",
        summary: "what strategies of a world may do",
        commands: [
          {
            name: "get",
            summary: "entries of the activation table",
            load: async () => ({ command: (await worlds()).activationCommands["get"] }),
          },
          {
            name: "set",
            summary: "change an entry",
            load: async () => ({ command: (await worlds()).activationCommands["set"] }),
          },
        ],
      },
    ],
  },
  {
    name: "audit",
    summary: "prove that a record is whole",
    commands: [
      {
        name: "verify",
        summary: "check the audit chain of a world row by row",
        load: async () => ({ command: (await worlds()).verifyAuditCommand }),
      },
    ],
  },
  {
    name: "status",
    summary: "how the Gateway, or a submitted strategy, is",
    load: async () => ({ command: (await worlds()).statusCommand }),
  },
  {
    name: "submit",
    summary: "give a strategy to the Gateway",
    load: async () => ({ command: (await worlds()).submitCommand }),
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
    name: "queues",
    summary: "find queues by their tags",
    load: () => import("../bodies/queues.ts"),
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
          {
            name: "diff",
            summary: "compare a DAG with the graph and make what is missing",
            load: () => import("../bodies/dag-manager-diff.ts"),
          },
          {
            name: "snapshot",
            summary: "print the hash of a DAG, freeze it, or compare it with a frozen one",
            load: () => import("../bodies/dag-manager-snapshot.ts"),
          },
          {
            name: "queue-stats",
            summary: "how many records queues hold",
            load: () => import("../bodies/dag-manager-queue-stats.ts"),
          },
          {
            name: "gc",
            summary: "remove queues of a strategy that nobody holds any more",
            load: () => import("../bodies/dag-manager-gc.ts"),
          },
          {
            name: "redo-diff",
            summary: "compare the DAG of a submitted strategy with the graph again",
            load: () => import("../bodies/dag-manager-redo-diff.ts"),
          },
          {
            name: "export-schema",
            summary: "print the constraints and indexes of the graph on Neo4j",
            load: () => import("../bodies/dag-manager-export-schema.ts"),
          },
        ],
      },
      {
        name: "world",
        summary: "run the WorldService",
        load: () => import("../bodies/service-world.ts"),
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
