export * from "@x/core/names";
export * from "./Tigr.ts";
