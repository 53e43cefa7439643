export * as NodeMutualTls from "./NodeMutualTls.ts";
