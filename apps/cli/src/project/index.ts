export { readProjectConfig, type ProjectConfig } from "./project-config.ts";
