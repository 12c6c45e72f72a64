import { nearestWord, QmtlError } from "@qmtl/core";
import { debugAsked, printUncaughtErrors } from "../edge/uncaught-errors.ts";

/** What the command line of a strategy file says about a world. */
export interface RunArguments {
  readonly worldId: string;
  readonly gatewayUrl: string;
  /** From the environment alone: other users see the words of a command. */
  readonly token?: string;
  /** How many times faster than they happened the last rows of the history are replayed as live. */
  readonly replaySpeed?: number | "max";
}

const options = {
  "world-id": { type: "string" },
  "gateway-url": { type: "string" },
  replay: { type: "string" },
  debug: { type: "boolean" },
} as const;

/**
 * Reads `--world-id W --gateway-url http://127.0.0.1:8000 [--replay 60|max] [--debug]` of a strategy file that is run by
 * itself. From here on an error that the file does not catch ends it as it would end a command: message, code and hint;
 * the stack with `--debug` or `QMTL_DEBUG=1`.
 *
 * @param args - `process.argv.slice(2)`
 * @param environment - `QMTL_GATEWAY_URL` says where the Gateway is when the words do not, `QMTL_TOKEN` who asks
 * @returns undefined when no world is named: the file runs offline
 * @throws QmtlError `USAGE`
 */
export function runArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): RunArguments | undefined {
  printUncaughtErrors(args.includes("--debug") || debugAsked(environment));
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (cause) {
    const names = args.map((arg) => (arg.startsWith("--") ? arg.slice(2).split("=")[0]! : ""));
    const word = names.find((name) => name !== "" && !Object.hasOwn(options, name));
    const known = Object.keys(options);
    const guess =
      word === undefined ? undefined : (known.find((name) => name.startsWith(word)) ?? nearestWord(word, known));
    throw new QmtlError(
      "USAGE",
      cause instanceof Error ? cause.message.charAt(0).toLowerCase() + cause.message.slice(1) : String(cause),
      {
        hint: guess === undefined ? "--world-id W --gateway-url URL [--replay SPEED]" : `did you mean --${guess}?`,
      },
    );
  }
  const { "world-id": worldId, replay } = values;
  const gatewayUrl = values["gateway-url"] ?? environment["QMTL_GATEWAY_URL"] ?? "http://127.0.0.1:8000";
  if (worldId === undefined) {
    if (Object.keys(values).every((name) => name === "debug")) return undefined;
    throw new QmtlError("USAGE", "--world-id is needed with the other options", {
      hint: "leave all of them out to run offline",
    });
  }
  const token = environment["QMTL_TOKEN"];
  const world = { worldId, gatewayUrl, ...(token !== undefined && token !== "" && { token }) };
  if (replay === undefined) return world;
  const speed = replay === "max" ? "max" : Number(replay);
  if (speed === "max" || (speed > 0 && speed < Infinity)) return { ...world, replaySpeed: speed };
  throw new QmtlError("USAGE", `--replay must be a number above 0 or "max"; found "${replay}"`);
}

function parse(args: readonly string[]) {
  const { parseArgs } = process.getBuiltinModule("node:util");
  return parseArgs({ args: [...args], options, strict: true }).values;
}
