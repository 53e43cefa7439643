export * as NodeHttpsClient from "./NodeHttpsClient.ts";
export * as NodeMutualTls from "./NodeMutualTls.ts";
export * as NodePrivateKey from "./NodePrivateKey.ts";
