export { Tigr, type TigrOperations, type TigrOptions } from "./Tigr.ts";
