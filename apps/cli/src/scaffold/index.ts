export { projectFiles, type ProjectOptions } from "./project-files.ts";
export { templateNamed, templateNames, type TemplateName } from "./templates.ts";
export { writeProject } from "./write-project.ts";
