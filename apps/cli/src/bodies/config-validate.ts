import { QmtlError } from "@qmtl/core/errors";
import { configValidate } from "../commands/config.ts";
import type { ConfigFinding } from "../configuration/index.ts";
import { renderTable } from "../shell/index.ts";

export const command = configValidate(async ({ config: path, target, offline }, { palette }) => {
  const [{ loadConfig }, { checkConfig }] = await Promise.all([
    import("@qmtl/service/config"),
    import("../configuration/index.ts"),
  ]);
  try {
    const { config, source, warnings } = loadConfig({ path, folder: process.cwd(), environment: process.env });
    if (source.kind === "defaults") {
      return missing(warnings[0] ?? "there is no qmtl.yml here, and no QMTL_CONFIG_FILE");
    }
    const findings = await checkConfig(config, { target, offline });
    return result(source.path ?? null, findings, warnings);
  } catch (error) {
    if (!(error instanceof QmtlError)) throw error;
    if (error.code === "FILE_NOT_FOUND") return missing(error.message);
    const message = [error.message, error.hint].filter((words) => words !== undefined).join("; ");
    return result(path ?? null, [{ target: "gateway", part: "file", severity: "error", message }], []);
  }

  function result(file: string | null, findings: readonly ConfigFinding[], warnings: readonly string[]) {
    const failed = findings.some(({ severity }) => severity === "error");
    const colours = { ok: palette.green, warning: palette.yellow, error: palette.red };
    const columns = ["service", "part", "result", "about"].map((title) => ({ title }));
    return {
      exitCode: failed ? 1 : 0,
      json: { ok: !failed, file, warnings, findings },
      text: async () => {
        const rows = findings.map(({ target: service, part, severity, message }) => [
          service,
          part,
          colours[severity](severity),
          message,
        ]);
        return [file ?? "", ...warnings, await renderTable(columns, rows, palette)].join("\n");
      },
    } as const;
  }
});

function missing(message: string) {
  return {
    exitCode: 2,
    json: { ok: false, file: null, warnings: [], findings: [], message },
    text: () => `${message}; write one with qmtl config generate`,
  } as const;
}
