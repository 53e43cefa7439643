/** A token server in a process of its own that answers with every kind of fault; prints where it is, and ends with its parent. */
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";

const faults: ReadonlyArray<TokenServer.Answer> = [
  TokenServer.error("invalid_client", { status: 401 }),
  TokenServer.error("invalid_scope", { status: 400 }),
  TokenServer.error("temporarily_unavailable", { status: 503, headers: { "retry-after": "1" } }),
  TokenServer.error("slow_down", { status: 429 }),
  TokenServer.respond("<html>gateway</html>", { headers: { "content-type": "text/html" } }),
  TokenServer.respond("", { status: 204 }),
  TokenServer.json({ access_token: "" }),
  TokenServer.json({ error: "server_error" }),
  TokenServer.redirect("https://evil.test/token"),
  TokenServer.truncate(),
  TokenServer.truncate('{"access_token":"', { framing: "chunked" }),
  TokenServer.resetAt("request"),
  TokenServer.resetAt("headers"),
  TokenServer.resetAt("body"),
  TokenServer.closeAt("body"),
  TokenServer.garbage(),
  TokenServer.oversizedHeaders(),
  TokenServer.endless(),
  TokenServer.gzipBomb(1),
  TokenServer.hang,
];

const good = TokenServer.token({ expires_in: 0 });

/** One fault in ten answers, each kind in its turn. */
const script: TokenServer.Script = (_, index) =>
  index % 10 === 9 ? (faults[Math.floor(index / 10) % faults.length] ?? good) : good;

const program = Effect.gen(function* () {
  const { tokenUrl, certificateAuthority, forgetRequests } = yield* TokenServer.TokenServer;
  console.log(JSON.stringify({ tokenUrl, certificateAuthority }));
  // What it received is not of interest here, and would fill its memory.
  return yield* Effect.forever(Effect.andThen(Effect.sleep("1 second"), forgetRequests));
}).pipe(Effect.provide(TokenServer.layer(script)));

process.stdin.resume().on("end", () => process.exit(0));
Effect.runFork(program);
