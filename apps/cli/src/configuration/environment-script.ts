import type { Environment } from "@qmtl/service/config";
import type { ShellName } from "../commands/config.ts";

/** Every variable of ours that is set: settings, and the two that say where an export came from. */
export function qmtlVariables(environment: Environment): [string, string][] {
  const marks = ["QMTL_CONFIG_SOURCE", "QMTL_CONFIG_EXPORT"];
  return Object.entries(environment)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .filter(([name]) => name.startsWith("QMTL__") || marks.includes(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** A line that sets a variable when the shell runs it, whatever the value holds. */
export function assignment(name: string, value: string, shell: ShellName): string {
  if (shell === "powershell") return `$env:${name} = '${value.replaceAll("'", "''")}'`;
  return `export ${name}='${value.replaceAll("'", `'\\''`)}'`;
}

export function unsetting(name: string, shell: ShellName): string {
  return shell === "powershell" ? `Remove-Item Env:${name} -ErrorAction SilentlyContinue` : `unset ${name}`;
}

/** Names whose values are not shown. */
export function isSecretName(name: string): boolean {
  return /PASSWORD|SECRET|TOKEN|KEY|DSN/.test(name);
}
