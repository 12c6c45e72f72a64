export { validateName, validateTag } from "./validate-tag.ts";
