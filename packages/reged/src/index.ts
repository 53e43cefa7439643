export * from "@x/core/names";
export * from "./Reged.ts";
