import * as HttpClientError from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";

/** Makes the error that a client reports for a failed request. */
export const transportError = (
  request: HttpClientRequest,
  cause: Error,
): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, cause }),
  });

// names, codes and messages are copied from Node's sockets and undici

export const connectionReset = (): Error =>
  Object.assign(new Error("read ECONNRESET"), {
    code: "ECONNRESET",
    errno: -104,
    syscall: "read",
  });

export const connectionRefused = (): Error =>
  Object.assign(new Error("connect ECONNREFUSED"), {
    code: "ECONNREFUSED",
    errno: -111,
    syscall: "connect",
  });

export const closedInHandshake = (): Error =>
  Object.assign(
    new Error("Client network socket disconnected before secure TLS connection was established"),
    { code: "ECONNRESET" },
  );

export const otherSideClosed = (): Error =>
  named("SocketError", "UND_ERR_SOCKET", "other side closed");

export const badResponse = (): Error => named("SocketError", "UND_ERR_SOCKET", "bad response");

export const headersOverflow = (): Error =>
  named("HeadersOverflowError", "UND_ERR_HEADERS_OVERFLOW", "Headers Overflow Error");

export const notHttp = (): Error =>
  Object.assign(
    new Error("Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)"),
    { name: "HTTPParserError" },
  );

const named = (name: string, code: string, message: string) =>
  Object.assign(new Error(message), { name, code });
