import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Zlib from "node:zlib";
import { type Outcome, outcome, transports } from "./TokenServerTransports.ts";

const answered = (text: string, status = 200): Outcome => ({ status, text });
const failed = (at: "head" | "body", cause: string, code: string | undefined): Outcome => ({
  at,
  reason: at === "head" ? "TransportError" : "DecodeError",
  cause,
  code,
});
const reset = (at: "head" | "body") => failed(at, "Error", "ECONNRESET");
const closed = (at: "head" | "body") => failed(at, "SocketError", "UND_ERR_SOCKET");
const notHttp = failed("head", "HTTPParserError", undefined);

const digits = "0123456789";
const pause = "1 milli";
const chunked = { headers: { "transfer-encoding": "chunked" } };

/** An answer, its outcome on both transports, and the number of requests that the server read. */
const table: ReadonlyArray<
  readonly [name: string, answer: TokenServer.Answer, seen: Outcome, requests?: 0]
> = [
  ["text", TokenServer.respond("é"), answered("é")],
  ["bytes", TokenServer.respond(new Uint8Array([0x68, 0x69])), answered("hi")],
  ["an empty body", TokenServer.respond(""), answered("")],
  ["an answer without a body", TokenServer.respond("", { status: 204 }), answered("", 204)],
  ["an unusual status", TokenServer.respond("?", { status: 799 }), answered("?", 799)],
  ["a chunked body", TokenServer.respond(digits, chunked), answered(digits)],
  ["a redirect", TokenServer.redirect("https://evil.test/"), answered("", 302)],
  [
    "oversized headers",
    TokenServer.oversizedHeaders(),
    failed("head", "HeadersOverflowError", "UND_ERR_HEADERS_OVERFLOW"),
  ],

  ["a dripped body", TokenServer.respond(digits, { drip: { pause } }), answered(digits)],
  [
    "a dripped answer",
    TokenServer.respond(digits, { drip: { pause, bytes: 7, from: "headers" } }),
    answered(digits),
  ],
  [
    "a dripped chunked body",
    TokenServer.respond(digits, { ...chunked, drip: { pause, bytes: 4 } }),
    answered(digits),
  ],
  [
    "a dripped body that is cut",
    TokenServer.dripped(TokenServer.truncate(digits), { pause }),
    closed("body"),
  ],
  ["a dripped body and a reset", TokenServer.resetAt("body", { drip: { pause } }), reset("body")],

  ["a body without its promised bytes", TokenServer.truncate(digits), closed("body")],
  [
    "a body that is cut before its last byte",
    TokenServer.truncate(digits, { at: 9 }),
    closed("body"),
  ],
  [
    "a body that is cut before its first byte",
    TokenServer.truncate(digits, { at: 0 }),
    closed("body"),
  ],
  [
    "a chunked body that is cut",
    TokenServer.truncate(digits, { at: 4, framing: "chunked" }),
    closed("body"),
  ],
  [
    "a chunked body without its end",
    TokenServer.truncate(digits, { framing: "chunked" }),
    closed("body"),
  ],
  [
    "a cut body without framing",
    TokenServer.truncate(digits, { at: 4, framing: "close" }),
    answered("0123"),
  ],

  ["the greeting of another protocol", TokenServer.garbage(), notHttp],
  ["bytes", TokenServer.garbage(new Uint8Array([0, 1, 2, 255])), notHttp],
  ["a page without a head", TokenServer.garbage("<html>"), notHttp],
  ["half a status line", TokenServer.garbage("HTTP/1.1 2"), closed("head")],
  [
    "a flood of 100",
    TokenServer.garbage("HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000)),
    closed("head"),
  ],
  [
    "a flood of 103",
    TokenServer.garbage("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000)),
    closed("head"),
  ],

  ["a reset at accept", TokenServer.resetAt("accept"), reset("head"), 0],
  ["a reset at handshake", TokenServer.resetAt("handshake"), reset("head"), 0],
  ["a reset at tls", TokenServer.resetAt("tls"), reset("head"), 0],
  ["a reset at request", TokenServer.resetAt("request"), reset("head")],
  ["a reset", TokenServer.reset, reset("head")],
  ["a reset at headers", TokenServer.resetAt("headers"), reset("head")],
  ["a reset at body", TokenServer.resetAt("body", { body: digits }), reset("body")],
  ["a close at accept", TokenServer.closeAt("accept"), reset("head"), 0],
  ["a close at handshake", TokenServer.closeAt("handshake"), reset("head"), 0],
  ["a close at tls", TokenServer.closeAt("tls"), closed("head"), 0],
  ["a close at request", TokenServer.closeAt("request"), closed("head")],
  ["a close at headers", TokenServer.closeAt("headers"), closed("head")],
  ["a close at body", TokenServer.closeAt("body"), closed("body")],
];

for (const [name, layer] of transports) {
  describe(`TokenServer ${name}`, () => {
    for (const [what, answer, seen, requests] of table) {
      it.live(`plays ${what} and then the next answer`, () =>
        Effect.gen(function* () {
          const { requestCount, tokenUrl } = yield* TokenServer.TokenServer;
          assert.deepStrictEqual(yield* outcome(tokenUrl), seen);
          assert.strictEqual(yield* requestCount, requests ?? 1);
          assert.deepStrictEqual(yield* outcome(tokenUrl), answered("next"));
          assert.strictEqual(yield* requestCount, (requests ?? 1) + 1);
        }).pipe(Effect.provide(layer([answer, TokenServer.respond("next")]))),
      );
    }

    it.live("sends repeated headers and the location of a redirect", () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const repeated = yield* HttpClient.post(tokenUrl);
        assert.strictEqual(repeated.headers["x-odd"], "1, 2");
        assert.strictEqual(repeated.headers["content-length"], "0");
        const redirect = yield* HttpClient.post(tokenUrl);
        assert.strictEqual(redirect.status, 307);
        assert.strictEqual(redirect.headers["location"], "https://evil.test/");
      }).pipe(
        Effect.provide(
          layer([
            TokenServer.respond("", { headers: { "x-odd": ["1", "2"] } }),
            TokenServer.redirect("https://evil.test/", { status: 307 }),
          ]),
        ),
      ),
    );

    it.live("sends a small gzip body that expands to 3 MiB of JSON", () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const response = yield* HttpClient.post(tokenUrl);
        assert.strictEqual(response.headers["content-encoding"], "gzip");
        const bytes = new Uint8Array(yield* response.arrayBuffer);
        assert.isBelow(bytes.length, 10_000);
        const expanded = Zlib.gunzipSync(bytes).toString();
        assert.strictEqual(expanded.length, 3 * 1_048_576 + '{"access_token":""}'.length);
        assert.isTrue(expanded.startsWith('{"access_token":"aaa') && expanded.endsWith('aaa"}'));
      }).pipe(Effect.provide(layer([TokenServer.gzipBomb(3)]))),
    );

    it.live("sends status and headers before a reset at body", () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const response = yield* HttpClient.post(tokenUrl);
        assert.strictEqual(response.status, 503);
        assert.strictEqual(response.headers["x-odd"], "1");
        assert.strictEqual(response.headers["content-length"], "74");
      }).pipe(
        Effect.provide(
          layer([
            TokenServer.resetAt("body", { status: 503, headers: { "x-odd": "1" }, body: digits }),
          ]),
        ),
      ),
    );
  });
}
