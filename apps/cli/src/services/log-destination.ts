import type { Palette } from "../shell/index.ts";

interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly service: string;
  readonly message: string;
}

/** Log lines for whoever reads them: JSON for programs, one short line each for a terminal. */
export function logDestination(stream: NodeJS.WriteStream, palette: Palette): { write(line: string): void } {
  if (!stream.isTTY) return { write: (line) => void stream.write(line) };
  return { write: (line) => void stream.write(`${forPeople(line, palette)}\n`) };
}

export function forPeople(line: string, palette: Palette): string {
  const { level, time, service, message, ...fields } = JSON.parse(line) as LogLine;
  const colour = { error: palette.red, warn: palette.yellow, debug: palette.dim }[level] ?? ((text: string) => text);
  const facts = Object.entries(fields).map(([key, value]) => `${key}=${shortText(value)}`);
  return `${palette.dim(time.slice(11, 19))} ${service.padEnd(10)} ${colour([message, ...facts].join(" "))}`;
}

function shortText(value: unknown): string {
  if (typeof value === "object" && value !== null && "message" in value) return JSON.stringify(value.message);
  return typeof value === "string" && /^[^\s"]*$/.test(value) ? value : JSON.stringify(value);
}
