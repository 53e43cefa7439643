export { Resharmonics, type ResharmonicsOptions } from "./Resharmonics.ts";
