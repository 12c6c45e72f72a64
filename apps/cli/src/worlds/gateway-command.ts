import { readFile } from "node:fs/promises";
import { QmtlError } from "@qmtl/core/errors";
import { GatewayClient } from "@qmtl/sdk/gateway-client";
import type { Command } from "commander";
import type { CommandCall, CommandModule, CommandResult, Palette } from "../shell/index.ts";

export interface GatewayCommand<Answer> {
  /** Positional words, as commander writes them: "<world>", "[strategy]". */
  readonly words?: readonly (readonly [word: string, what: string])[];
  readonly configure?: (command: Command) => void;
  readonly examples: readonly string[];
  readonly ask: (call: CommandCall, client: GatewayClient) => Promise<Answer>;
  readonly text: (answer: Answer, palette: Palette, call: CommandCall) => string | Promise<string>;
  /** 1 when what was looked for was found. */
  readonly exitCode?: (answer: Answer) => 0 | 1;
}

/** A command that asks the Gateway and shows its answer. */
export function gatewayCommand<Answer>(definition: GatewayCommand<Answer>): CommandModule {
  return {
    configure(command) {
      for (const [word, what] of definition.words ?? []) command.argument(word, what);
      definition.configure?.(command);
      command
        .option("--gateway-url <url>", "address of the Gateway; default QMTL_GATEWAY_URL, then http://127.0.0.1:8000")
        .option("--token <token>", "bearer token; default QMTL_TOKEN; a Gateway on this machine needs none")
        .addHelpText("after", `\nExamples:\n${definition.examples.map((example) => `  $ qmtl ${example}`).join("\n")}`);
    },
    async run(call): Promise<CommandResult> {
      const answer = await definition.ask(call, clientOf(call)).catch(hintAtTokens);
      return {
        exitCode: definition.exitCode?.(answer) ?? 0,
        json: answer,
        text: () => definition.text(answer, call.context.palette, call),
      };
    },
  };
}

/** What the Gateway says of headers is of no use to somebody at a terminal. */
function hintAtTokens(error: unknown): never {
  if (!(error instanceof QmtlError) || error.code !== "UNAUTHENTICATED") throw error;
  throw new QmtlError(error.code, error.message, {
    details: error.details,
    hint: "give a token with --token or QMTL_TOKEN; qmtl service token makes one where the services run",
    cause: error,
  });
}

function clientOf({ options }: CommandCall): GatewayClient {
  const url = (options["gatewayUrl"] ?? process.env["QMTL_GATEWAY_URL"] ?? "http://127.0.0.1:8000") as string;
  const token = (options["token"] ?? process.env["QMTL_TOKEN"]) as string | undefined;
  return new GatewayClient({ url, timeoutMs: 30_000, ...(token !== undefined && token !== "" && { token }) });
}

export function wordOf({ words }: CommandCall, place: number): string {
  return words[place] as string;
}

/** An option's text; undefined when it was not given. */
export function optionOf({ options }: CommandCall, name: string): string | undefined {
  return options[name] as string | undefined;
}

/** A file's text, or standard input for "-". */
export async function textOf(file: string): Promise<string> {
  if (file === "-") {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("utf8");
  }
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new QmtlError("FILE_NOT_FOUND", `cannot read "${file}"`, {
      hint: 'name a file, or "-" for standard input',
      cause,
    });
  }
}

/** A JSON file; absent when none is named. */
export async function jsonOf(file: string | undefined): Promise<Readonly<Record<string, unknown>>> {
  if (file === undefined) return {};
  const text = await textOf(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new QmtlError("JSON_INVALID", `"${file}" must be JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new QmtlError("JSON_INVALID", `"${file}" must hold a JSON object`);
}
