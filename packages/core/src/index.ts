export * as X from "./MutualTls.ts"
