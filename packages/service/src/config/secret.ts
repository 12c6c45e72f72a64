import { QmtlError } from "@qmtl/core";
import { inspect } from "node:util";

/** What everything shows of a secret but `reveal`. */
const secretText = "[secret]";

/** A value that cannot be printed by mistake: in a template, as JSON, in a log, in the debugger it is `[secret]`. */
export class Secret {
  readonly #value: string;
  /** How the configuration names it, when it is a reference: "env:PGPASSWORD". */
  readonly reference: string | undefined;

  constructor(value: string, reference?: string) {
    this.#value = value;
    this.reference = reference;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return secretText;
  }

  toJSON(): string {
    return secretText;
  }

  [inspect.custom](): string {
    return secretText;
  }
}

export interface SecretSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/**
 * The secret a setting names: `env:NAME`, `file:path` (a final line break is dropped), or the text itself.
 *
 * @throws QmtlError `CONFIG_INVALID` when what it refers to is not there
 */
export function resolveSecret(text: string, setting: string, { environment, readFile }: SecretSources): Secret {
  const [, kind, name = ""] = /^(env|file):(.*)$/.exec(text) ?? [];
  if (kind === undefined) return new Secret(text);
  if (kind === "env") {
    const value = environment[name];
    if (value !== undefined && value !== "") return new Secret(value, text);
    throw new QmtlError("CONFIG_INVALID", `${setting} refers to the environment variable "${name}", which is not set`);
  }
  try {
    return new Secret(readFile(name).replace(/\r?\n$/, ""), text);
  } catch (cause) {
    throw new QmtlError("CONFIG_INVALID", `${setting} refers to the file ${name}, which cannot be read`, { cause });
  }
}
