export * as Input from "./Input.ts";
export * as NodeHttpsClient from "./NodeHttpsClient.ts";
export * as NodeMutualTls from "./NodeMutualTls.ts";
export * as NodePrivateKey from "./NodePrivateKey.ts";
export * as NodeSecret from "./NodeSecret.ts";
export * as TransportOptions from "./TransportOptions.ts";
