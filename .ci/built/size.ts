import * as Esbuild from "esbuild";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const root = join(import.meta.dirname, "../..");

/** Bundles a program for browsers, minified. Returns its size and the bytes of each source file. */
export const bundle = async (contents: string, from: string) => {
  const { outputFiles, metafile } = await Esbuild.build({
    stdin: { contents, loader: "ts", resolveDir: join(root, from) },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    treeShaking: true,
    write: false,
    metafile: true,
    legalComments: "none",
  });
  const [output] = Object.values(metafile.outputs);
  return {
    gzip: gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength,
    minified: outputFiles[0]!.contents.byteLength,
    inputs: new Map(
      Object.entries(output!.inputs).map(([path, { bytesInOutput }]) => [
        path.replace(/^.*node_modules\//, ""),
        bytesInOutput,
      ]),
    ),
  };
};

/** The smallest app with a vendor: literal options, one token, `fetch`. */
export const withVendor = `
import * as Tigr from "@x/tigr/Tigr";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

const TigrLive = Tigr.Tigr.layer({
  environment: "production",
  clientId: "id",
  clientSecret: Redacted.make("s"),
  username: "u",
  password: Redacted.make("p"),
}).pipe(Layer.provide(FetchHttpClient.layer));

Effect.runPromise(Effect.flatMap(Tigr.Tigr, ({ get }) => get).pipe(Effect.provide(TigrLive)));
`;

/** The same app without a vendor: one request. */
export const withoutVendor = `
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";

Effect.runPromise(
  HttpClient.get("https://tigr.test").pipe(Effect.provide(FetchHttpClient.layer)),
);
`;
