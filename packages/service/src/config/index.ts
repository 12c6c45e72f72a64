export { budgets, type Budgets } from "./budgets.ts";
export { settings, textOfValue, variableOf, type Environment, type Setting } from "./environment.ts";
export { loadConfig, type ConfigSource, type LoadConfigOptions, type LoadedConfig } from "./load-config.ts";
export { readDocument } from "./read-document.ts";
export { Config, type ConfigSection } from "./schema.ts";
export { resolveSecret, Secret } from "./secret.ts";
