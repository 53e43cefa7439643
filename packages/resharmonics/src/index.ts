export * from "@x/core/names";
export * from "./Resharmonics.ts";
