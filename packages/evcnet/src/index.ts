export * from "@x/core/names";
export * from "./Evcnet.ts";
