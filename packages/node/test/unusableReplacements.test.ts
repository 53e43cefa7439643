import { assert, describe, it } from "@effect/vitest";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Fs from "node:fs/promises";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

import { pause, start, taken, write, writeBeside } from "./fixtures/rotatingFiles.ts";

describe("unusable replacements", () => {
  const bad: Record<
    string,
    {
      readonly replace: (started: Effect.Success<typeof start>) => Effect.Effect<unknown>;
      readonly warning: RegExp;
    }
  > = {
    "a certificate that is garbage": {
      replace: ({ files }) => write(files.certificate, "garbage"),
      warning: /not a certificate/,
    },
    "an empty key": {
      replace: ({ files }) => write(files.privateKey, ""),
      warning: /privateKey .*client\.key: it is empty/,
    },
    "a missing key": {
      replace: ({ files }) => Effect.promise(() => Fs.unlink(files.privateKey)),
      warning: /privateKey .*client\.key: there is no such file/,
    },
    "a certificate without its key": {
      replace: ({ files, next }) => write(files.certificate, next.certificate),
      warning: /the key does not belong to the certificate/,
    },
    "a truncated key": {
      replace: ({ files, next }) => write(files.privateKey, next.privateKey.slice(0, 120)),
      warning: /a private key that is cut off/,
    },
    "a chain that is cut off after the first certificate": {
      replace: ({ files, client, authority }) =>
        write(files.certificate, client.certificate + authority.certificate.slice(0, 3)),
      warning: /cut off or damaged/,
    },
    "an expired certificate": {
      replace: ({ files, authority }) =>
        Effect.gen(function* () {
          const expired = yield* Certificates.issueExpiredClient(authority, { commonName: "e" });
          yield* write(files.certificate, expired.certificate);
          yield* write(files.privateKey, expired.privateKey);
        }),
      warning: /it expired on 2/,
    },
    "a certificate that is not valid yet": {
      replace: ({ files, authority }) =>
        Effect.gen(function* () {
          const future = yield* Certificates.issueFutureClient(authority, { commonName: "f" });
          yield* write(files.certificate, future.certificate);
          yield* write(files.privateKey, future.privateKey);
        }),
      warning: /it is valid only from 2/,
    },
  };
  for (const [name, { replace, warning }] of Object.entries(bad)) {
    it.live(`keeps the pair and warns once at ${name}, then takes the next good pair`, () =>
      Effect.gen(function* () {
        const started = yield* start;
        const { client, next, files, currentUnsafe, warnings } = started;
        const server = yield* Server.https(started.server);
        yield* replace(started);
        yield* Rotating.until("a warning", () => warnings().length > 0);
        // A touch changes nothing, so it brings no second warning.
        yield* Effect.promise(() => Fs.utimes(files.directory, new Date(), new Date()));
        if (name !== "a missing key") {
          yield* Effect.promise(() => Fs.utimes(files.privateKey, new Date(), new Date()));
        }
        yield* pause;
        assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
        yield* Server.get(currentUnsafe().httpClient, server.url);
        const [said, ...more] = warnings();
        assert.deepStrictEqual(more, []);
        assert.match(said ?? "", warning);
        assert.match(said ?? "", /the present one stays/);
        yield* writeBeside(files.privateKey, next.privateKey);
        yield* writeBeside(files.certificate, next.certificate);
        yield* taken(started, next);
        yield* Server.get(currentUnsafe().httpClient, server.url);
        assert.deepStrictEqual(server.thumbprints, [client.thumbprint, next.thumbprint]);
        const printed = JSON.stringify(started.logged);
        for (const pair of [client, next]) {
          assert.notInclude(printed, pair.privateKey.split("\n")[1] ?? assert.fail("a line"));
        }
      }),
    );
  }

  it.live("warns again when the replacement changes", () =>
    Effect.gen(function* () {
      const { files, warnings } = yield* start;
      yield* write(files.certificate, "garbage");
      yield* Rotating.until("a warning", () => warnings().length === 1);
      yield* write(files.certificate, "other garbage");
      yield* Rotating.until("another", () => warnings().length === 2);
    }),
  );

  it.live("changes nothing when a bad replacement is taken back", () =>
    Effect.gen(function* () {
      const { files, client, currentUnsafe, logged, warnings } = yield* start;
      const before = currentUnsafe();
      yield* write(files.certificate, "garbage");
      yield* Rotating.until("a warning", () => warnings().length === 1);
      yield* write(files.certificate, client.certificate);
      yield* pause;
      assert.strictEqual(currentUnsafe(), before);
      assert.lengthOf(logged, 1);
    }),
  );
});

it.live("refuses half-written files at every step", () =>
  Effect.gen(function* () {
    const started = yield* start;
    const { client, next, files, currentUnsafe, warnings } = started;
    const seen = new Set<string>();
    const write2 = (path: string, contents: string) =>
      Effect.andThen(
        write(path, contents),
        Effect.sync(() => seen.add(currentUnsafe().thumbprint)),
      );
    for (const [path, contents] of [
      [files.certificate, next.certificate],
      [files.privateKey, next.privateKey],
    ] as const) {
      const step = Math.ceil(contents.length / 12);
      for (let end = 0; end < contents.length - 1; end += step) {
        yield* write2(path, contents.slice(0, end));
        const before = warnings().length;
        yield* Rotating.until("it was read and refused", () => warnings().length > before);
      }
      assert.deepStrictEqual([...seen], [client.thumbprint]);
      yield* write2(path, contents);
    }
    yield* taken(started, next);
  }),
);
