import { envShow } from "../commands/config.ts";
import { isSecretName, qmtlVariables } from "../configuration/environment-script.ts";

export const command = envShow(async () => {
  const shown = qmtlVariables(process.env).map(([name, value]) => [name, isSecretName(name) ? "********" : value]);
  return Promise.resolve({
    exitCode: 0,
    json: { variables: Object.fromEntries(shown) },
    text: () =>
      shown.length === 0 ? "no variable of QMTL is set" : shown.map(([name, value]) => `${name}=${value}`).join("\n"),
  });
});
