// A test of a stranger: the emulator of a vendor, with the optional peer @x/testing.
import { Tigr } from "@x/tigr";
import * as TigrEmulator from "@x/tigr/testing";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";

const TigrTest = Layer.unwrap(
  Effect.map(TigrEmulator.TigrEmulator, ({ certificateAuthority, options }) =>
    Tigr.layer(options).pipe(Layer.provide(TestHttpClient.layer(certificateAuthority))),
  ),
).pipe(Layer.provide(TigrEmulator.layer()));

await Effect.runPromise(Effect.flatMap(Tigr, ({ ping }) => ping).pipe(Effect.provide(TigrTest)));
console.log("emulator ok");
