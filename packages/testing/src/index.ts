/**
 * Vendor emulators, a scripted token server and throw-away certificates for tests.
 *
 * @since 0.1.0
 */
export * as Certificates from "./Certificates.ts";
export * as Emulator from "./Emulator.ts";
export * as EvcnetEmulator from "./EvcnetEmulator.ts";
export * as ProviderContract from "./ProviderContract.ts";
export * as RaidiamEmulator from "./RaidiamEmulator.ts";
export * as ReceivedRequest from "./ReceivedRequest.ts";
export * as RegedEmulator from "./RegedEmulator.ts";
export * as ResharmonicsEmulator from "./ResharmonicsEmulator.ts";
export * as TestHttpClient from "./TestHttpClient.ts";
export * as TigrEmulator from "./TigrEmulator.ts";
export * as TokenRequestCheck from "./TokenRequestCheck.ts";
export * as TokenServer from "./TokenServer.ts";
