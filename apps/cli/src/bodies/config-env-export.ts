import { envExport } from "../commands/config.ts";

export const command = envExport(async ({ config: path, includeSecret, shell }, { note }) => {
  const [{ loadConfig, settings, textOfValue, variableOf }, { assignment }] = await Promise.all([
    import("@qmtl/service/config"),
    import("../configuration/index.ts"),
  ]);
  const { config, source, warnings } = loadConfig({ path, folder: process.cwd(), environment: process.env });
  warnings.forEach(note);
  const given = settings
    .map((setting) => ({ setting, value: setting.path.reduce<unknown>((at, key) => (at as never)[key], config) }))
    .filter(({ value }) => value !== null);
  const shown = given.filter(({ setting }) => includeSecret || setting.schema.secret !== true);
  const variables = Object.fromEntries(shown.map(({ setting, value }) => [variableOf(setting), textOfValue(value)]));
  const about = {
    generated_at: new Date().toISOString(),
    include_secret: includeSecret,
    shell,
    secrets_omitted: given.length - shown.length,
    variables: Object.keys(variables).length,
  };
  const all = {
    ...variables,
    QMTL_CONFIG_SOURCE: source.path ?? "defaults",
    QMTL_CONFIG_EXPORT: JSON.stringify(about),
  };
  return {
    exitCode: 0,
    json: { ...about, source: source.path ?? null, variables: all },
    text: () =>
      Object.entries(all)
        .map(([name, value]) => assignment(name, value, shell))
        .join("\n"),
  };
});
