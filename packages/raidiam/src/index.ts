export * from "@x/core/names";
export * from "./Raidiam.ts";
