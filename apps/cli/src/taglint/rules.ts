import { nearestWord } from "@qmtl/core/errors";

export const requiredKeys = ["scope", "family", "interval", "asset"] as const;

const scopes = ["indicator", "signal", "performance", "portfolio", "generator", "transform"];
const intervals = ["1m", "5m", "1h", "1d"];

const intervalSpellings: ReadonlyMap<string, string> = new Map([
  ...intervals.map((interval) => [interval, interval] as const),
  ...(
    [
      ["60", "1m"],
      ["300", "5m"],
      ["3600", "1h"],
      ["86400", "1d"],
    ] as const
  ).flatMap(([seconds, interval]) => [[seconds, interval] as const, [`${seconds}s`, interval] as const]),
]);

/** What is wrong with one value, and the value it should be where a machine can tell. */
export interface ValueFault {
  readonly message: string;
  readonly replacement?: string;
}

/** Checks one tag. Keys are compared in lower case: the case of a key is a fault of its own. */
export function faultOfValue(key: string, value: string | number | boolean): ValueFault | undefined {
  const name = key.toLowerCase();
  if (value === "") return { message: `${name} is empty: fill it in${choices(name)}` };
  if (name === "interval") return faultOfInterval(value);
  if (name === "scope" && typeof value !== "string") return { message: `scope must be text${choices(name)}` };
  if (typeof value !== "string") return undefined;
  const lowerCase = value.toLowerCase();
  if (name === "scope" && !scopes.includes(lowerCase)) return faultOfScope(value);
  if (lowerCase === value) return undefined;
  return { message: `${name} "${value}" must be lower case: "${lowerCase}"`, replacement: lowerCase };
}

/** ", one of …" for keys with a closed set of values. */
export function choices(key: string): string {
  if (key === "scope") return `, one of ${scopes.join(", ")}`;
  if (key === "interval") return `, one of ${intervals.join(", ")}`;
  return "";
}

function faultOfScope(value: string): ValueFault {
  const near = nearestWord(value, scopes);
  return {
    message: `scope "${value}" is not known${choices("scope")}${near === undefined ? "" : ` (did you mean ${near}?)`}`,
  };
}

function faultOfInterval(value: string | number | boolean): ValueFault | undefined {
  const text = String(value);
  // "1M" is a month to some and a minute to others: only its author knows.
  const normal = /^\d+M$/.test(text) ? undefined : intervalSpellings.get(text.toLowerCase());
  if (normal === undefined) return { message: `interval ${JSON.stringify(value)} is not valid${choices("interval")}` };
  if (normal === value) return undefined;
  return { message: `interval ${JSON.stringify(value)} must be written "${normal}"`, replacement: normal };
}
