import { envClear } from "../commands/config.ts";
import { qmtlVariables, unsetting } from "../configuration/environment-script.ts";

export const command = envClear(async ({ shell }) => {
  const names = qmtlVariables(process.env).map(([name]) => name);
  return Promise.resolve({
    exitCode: 0,
    json: { variables: names },
    text: () => names.map((name) => unsetting(name, shell)).join("\n"),
  });
});
