/**
 * Tools for tests: vendor emulators, a scripted token server and throw-away certificates.
 *
 * @since 0.1.0
 */
export * as Certificates from "./Certificates.ts";
export * as Emulator from "./Emulator.ts";
export * as ProviderContract from "./ProviderContract.ts";
export * as RawHttp from "./RawHttp.ts";
export * as ReceivedRequest from "./ReceivedRequest.ts";
export * as RequestLog from "./RequestLog.ts";
export * as TestHttpClient from "./TestHttpClient.ts";
export * as TlsListener from "./TlsListener.ts";
export * as TokenRequestCheck from "./TokenRequestCheck.ts";
export * as TokenServer from "./TokenServer.ts";
