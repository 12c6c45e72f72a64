export { checkConfig, type ConfigFinding } from "./check-config.ts";
export { configTemplate } from "./config-template.ts";
export { assignment, isSecretName, qmtlVariables, unsetting } from "./environment-script.ts";
export { settingsWithoutEffect } from "./unsupported.ts";
