import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import type { Clock } from "@qmtl/core";
import { redacted, redactedText } from "./redact.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** What a line is about: `world_id`, `strategy_id`, `correlation_id`, and the facts of the event. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log lines. Fields and messages lose their secrets on the way (`redacted`). */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Name of the service: `service` of every line. */
  readonly service: string;
  readonly clock: Clock;
  readonly level?: LogLevel;
  /** Standard error by default: standard output belongs to the command's own result. */
  readonly destination?: DestinationStream;
}

/** One JSON object per line: `{"level":"info","time":"2026-01-01T00:00:00.000Z","service":"gateway",…,"message":"…"}`. */
export function createLogger({ service, clock, level = "info", destination }: LoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: { service },
      messageKey: "message",
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ fd: 2, sync: true }),
  );
  return new JsonLogger(lines);
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

class JsonLogger implements Logger {
  readonly #lines: PinoLogger;

  constructor(lines: PinoLogger) {
    this.#lines = lines;
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#lines.isLevelEnabled("debug")) this.#lines.debug(redacted(fields ?? {}), redactedText(message));
  }

  info(message: string, fields?: LogFields): void {
    if (this.#lines.isLevelEnabled("info")) this.#lines.info(redacted(fields ?? {}), redactedText(message));
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#lines.isLevelEnabled("warn")) this.#lines.warn(redacted(fields ?? {}), redactedText(message));
  }

  error(message: string, fields?: LogFields): void {
    if (this.#lines.isLevelEnabled("error")) this.#lines.error(redacted(fields ?? {}), redactedText(message));
  }

  child(fields: LogFields): Logger {
    return new JsonLogger(this.#lines.child(redacted(fields) as LogFields));
  }
}
