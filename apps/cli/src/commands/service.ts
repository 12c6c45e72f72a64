import { QmtlError } from "@qmtl/core/errors";
import { InvalidArgumentError, type Command } from "commander";
import type { CommandModule } from "../shell/index.ts";
import { collect, commandOf, splitPair, type CommandBody } from "./request.ts";

// The words of `qmtl up` and `qmtl service …`.

export interface ServiceRequest {
  readonly config: string | undefined;
}

/** Services end what they are doing before they leave: longer than other commands may take. */
const stopMsMax = 15_000;

function serviceCommand<Request>(
  configure: (command: Command) => void,
  requestOf: (options: Readonly<Record<string, unknown>>) => Request,
  body: CommandBody<Request>,
): CommandModule {
  return {
    ...commandOf(
      (command) => configure(addConfigOption(command)),
      ({ options }) => requestOf(options),
      body,
    ),
    stopMsMax,
  };
}

export function up(body: CommandBody<ServiceRequest>): CommandModule {
  return serviceCommand(
    (command) =>
      command.addHelpText(
        "after",
        `
Gateway, DAG Manager and WorldService in one process. What they keep is below .qmtl/ of this folder; keys are made on
the first start. Ctrl-C stops them in order.

Examples:
  $ qmtl up`,
      ),
    requestOf,
    body,
  );
}

export interface GatewayRequest extends ServiceRequest {
  readonly sentinel: boolean;
  readonly allowLive: boolean;
}

export function serviceGateway(body: CommandBody<GatewayRequest>): CommandModule {
  return serviceCommand(
    (command) =>
      command
        .option("--no-sentinel", "add no version sentinel to submissions")
        .option("--allow-live", "do not ask for X-Allow-Live where live trading may start")
        .addHelpText("after", `\nExamples:\n  $ qmtl service gateway --config qmtl.yml`),
    (options) => ({
      ...requestOf(options),
      sentinel: options["sentinel"] !== false,
      allowLive: options["allowLive"] === true,
    }),
    body,
  );
}

export function serviceDagManager(body: CommandBody<ServiceRequest>): CommandModule {
  return serviceCommand(
    (command) => command.addHelpText("after", `\nExamples:\n  $ qmtl service dagmanager server --config qmtl.yml`),
    requestOf,
    body,
  );
}

export interface MetricsRequest extends ServiceRequest {
  readonly port: number;
}

export function serviceDagManagerMetrics(body: CommandBody<MetricsRequest>): CommandModule {
  return serviceCommand(
    (command) =>
      command
        .option("--port <port>", "where the metrics are served", portOf, 8_000)
        .addHelpText("after", `\nServes the metrics of the DAG Manager that runs, for a scraper that looks here.`),
    (options) => ({ ...requestOf(options), port: options["port"] as number }),
    body,
  );
}

export function serviceWorld(body: CommandBody<ServiceRequest>): CommandModule {
  return serviceCommand(
    (command) => command.addHelpText("after", `\nExamples:\n  $ qmtl service world --config qmtl.yml`),
    requestOf,
    body,
  );
}

export interface TokenRequest extends ServiceRequest {
  readonly subject: string;
  readonly kind: "user" | "runner";
  readonly grants: Readonly<Record<string, string>>;
  readonly hours: number;
}

export function serviceToken(body: CommandBody<TokenRequest>): CommandModule {
  return commandOf(
    (command) =>
      addConfigOption(command)
        .requiredOption("--subject <name>", "who the token is for")
        .option("--runner", "for a program that runs strategies")
        .requiredOption("--grant <world=role>", "reader, operator or owner of a world; * is every world", collect)
        .option("--hours <hours>", "how long it holds", hoursOf, 24)
        .addHelpText(
          "after",
          `
For auth.mode local: signed with the keys of the services on this machine.

Examples:
  $ qmtl service token --subject rea --grant momentum=reader
  $ qmtl service token --subject runner-1 --runner --grant '*=operator' --hours 8`,
        ),
    ({ options }) => ({
      ...requestOf(options),
      subject: options["subject"] as string,
      kind: options["runner"] === true ? ("runner" as const) : ("user" as const),
      grants: Object.fromEntries(
        (options["grant"] as readonly string[]).map((pair) => splitPair(pair, "world=role")).map(checkedGrant),
      ),
      hours: options["hours"] as number,
    }),
    body,
  );
}

function checkedGrant([world, role]: readonly [string, string]): [string, string] {
  if (role === "reader" || role === "operator" || role === "owner") return [world, role];
  throw new QmtlError("USAGE", `expected the role reader, operator or owner, found "${role}"`);
}

function addConfigOption(command: Command): Command {
  return command.option("--config <file>", "the configuration; by default QMTL_CONFIG_FILE, then qmtl.yml here");
}

function requestOf(options: Readonly<Record<string, unknown>>): ServiceRequest {
  return { config: options["config"] as string | undefined };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("expected a port from 0 to 65535");
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (hours > 0 && hours <= 8_760) return hours;
  throw new InvalidArgumentError("expected hours, more than 0 and at most 8760");
}
