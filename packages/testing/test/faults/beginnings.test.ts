import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import { acme, seen } from "./acme.ts";
import { askedForAgain, flat, nested } from "./truncation.ts";

describe("an answer that is cut, where only its text tells,", () => {
  askedForAgain("close", nested);
});

/** No continuation makes a valid answer of these. */
const wrong: ReadonlyArray<readonly [name: string, body: string | Uint8Array, type?: string]> = [
  ["a letter behind the object", `${flat}x`],
  ["a comma behind the object", `${flat},`],
  ["NUL behind the object", `${flat}\0`],
  ["names in single quotes", "{'access_token':"],
  ["UTF-16, little end first", Buffer.from(flat, "utf16le")],
  ["UTF-16 as announced", Buffer.from(flat, "utf16le"), "application/json; charset=utf-16"],
];

describe("an answer that is wrong, and not the beginning of a right one,", () => {
  for (const [name, body, type = "application/json"] of wrong) {
    it.live(`is not asked for again: ${name}`, () =>
      Effect.gen(function* () {
        const { requestCount } = yield* TokenServer.TokenServer;
        const { get } = yield* acme();
        assert.strictEqual(yield* seen(get), "ResponseMalformed");
        assert.strictEqual(yield* requestCount, 1);
      }).pipe(
        Effect.provide(
          TokenServer.layerHttpClient([
            TokenServer.respond(body, { headers: { "content-type": type } }),
          ]),
        ),
      ),
    );
  }
});
